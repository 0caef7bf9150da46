// Without the plugin: vitest compiles nothing here, so every await is the engine's own. AsyncLocalStorage knows the truth.

import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, expect, test } from "vitest";
import { AsyncContext, browserContext, keep, unpatch } from "../../../src/carrier/runtime/index.ts";
import { page } from "../../../src/carrier/runtime/page.ts";
import type { Script } from "../../kit/fake-adapter.ts";
import { fakeDatabase } from "../../kit/fake-database.ts";

const truth = new AsyncLocalStorage<unknown>();
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

afterEach(() => {
  unpatch();
  expect(page.current).toBeUndefined();
});

/** Every answer takes a while; `rows` gives two. */
function ambientDatabase() {
  const script: Script = async (text) => {
    await sleep(1);
    return text === "rows" ? { columns: ["number"], rows: [[1], [2]] } : undefined;
  };
  return fakeDatabase({ script }, { context: browserContext({ warn: false }), pool: { max: 200 } }).db;
}

test("every way to await the database's own keeps the session", async () => {
  const db = ambientDatabase();
  await db.session(async (own) => {
    const here: unknown[] = [];
    await db.sql`one`;
    here.push(db.current());
    await db.sql`one`.first();
    here.push(db.current());
    await db.sql`one`.values();
    here.push(db.current());
    await db.sql`one`.run();
    here.push(db.current());
    await db.query("one");
    here.push(db.current());
    await db.batch(["one", "two"]);
    here.push(db.current());
    await db.getConnection();
    here.push(db.current());
    await db.transaction(async (inner) => {
      await inner.query("one");
      expect(db.current()).toBe(inner);
    });
    here.push(db.current());
    await own.sql`one`;
    here.push(db.current());
    await db.commit();
    here.push(db.current());
    await db.rollback();
    here.push(db.current());
    expect(here).toEqual(Array.from({ length: 11 }, () => own));
  });
  expect(db.current()).toBeUndefined();
});

test("a cursor keeps it, and a loop over rows does, in its body and behind it", async () => {
  const db = ambientDatabase();
  await db.session(async (own) => {
    await db.cursor.execute("one");
    expect(db.current()).toBe(own);
    const here: unknown[] = [];
    for await (const { number } of db.stream("rows")) here.push(number, db.current());
    expect(here).toEqual([1, own, 2, own]);
    expect(db.current()).toBe(own);
    for await (const { number } of db.stream("rows")) if (number === 1) break;
    expect(db.current()).toBe(own);
  });
});

test("a query that is refused keeps the session, in catch and in finally", async () => {
  const db = ambientDatabase();
  await db.session(async (own) => {
    const here: unknown[] = [];
    try {
      await keep(Promise.reject(new Error("on purpose")));
    } catch {
      here.push(db.current());
    } finally {
      here.push(db.current());
    }
    expect(here).toEqual([own, own]);
  });
});

test("another await loses it, and what comes behind fails closed with the remedy; keep() does not", async () => {
  const db = ambientDatabase();
  const failure = await db
    .session(async (own) => {
      await keep(sleep(1));
      expect(db.current()).toBe(own);
      expect(await keep(Promise.all([keep(sleep(1)), db.query("two")]))).toMatchObject([undefined, {}]);
      expect(db.current()).toBe(own);
      await sleep(1);
      expect(db.current()).toBeUndefined();
      await db.query("never sent");
    })
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "SESSION_REQUIRED", details: { context: "browserContext" } });
  expect((failure as Error).message).toMatch(/isopool\/vite.*keep\(promise\)/);
});

test("a query is lazy still, runs once, and is told from a value", async () => {
  const db = ambientDatabase();
  await db.session(async (own) => {
    const query = db.sql`select ${1}`;
    await sleep(1);
    expect(db.sql).toBeTypeOf("function");
    expect(query.toStatement("$")).toEqual({ text: "select $1", params: [1] });
    const both = await Promise.all([query, query.first(), own.sql`${query}`.catch(() => "refused")]);
    expect(both[0]).toEqual(await query);
    expect(await Promise.resolve(query)).toEqual(both[0]);
    expect(await query.finally(() => undefined)).toEqual(both[0]);
  });
});

test("a promise that is kept does all that a promise does", async () => {
  const db = ambientDatabase();
  await db.session(async (own) => {
    const result = db.query("one");
    const looked = result.constructor ? result.then(undefined, () => "refused") : result;
    const others = [
      result.finally(() => undefined),
      result.then(),
      Promise.resolve(result),
      looked,
      result.catch(() => 1),
    ];
    const all = await keep(Promise.all(others));
    expect(db.current()).toBe(own);
    expect(all).toEqual(Array.from({ length: 5 }, () => ({ rows: [], columns: [], rowsAffected: 0 })));
    expect(Promise.resolve(result)).toBe(result);
    expect(result).toBeInstanceOf(Promise);
  });
});

test("what a promise of many readers gives reaches none of them with another's session", async () => {
  const db = ambientDatabase();
  const outside = new AsyncContext.Snapshot();
  const wrong: string[] = [];
  const check = (place: string, own: unknown): void => {
    const here = db.current();
    if (here !== undefined && here !== own) wrong.push(place);
  };
  const shared: Record<string, Promise<unknown>> = {};
  const reader = async (place: string, own: unknown): Promise<void> => {
    await shared[place];
    check(place, own);
    await shared[place]?.then(() => undefined);
    check(`${place}, then`, own);
  };
  const makers: Record<string, () => Promise<unknown>> = {
    "returned by an async function": async () => db.sql`one`,
    "a plain promise, returned": async () => db.query("one"),
    "Promise.resolve": () => Promise.resolve(db.sql`one`),
    "new Promise": () => new Promise((resolve) => resolve(db.sql`one`)),
    "new Promise of a promise": () => new Promise((resolve) => resolve(db.query("one"))),
    "a callback of then": () => Promise.resolve().then(() => db.sql`one`),
    "the promise itself": () => db.query("one"),
    finally: () => db.query("one").finally(() => undefined),
    "looked at, and returned later": () => {
      const promise = db.query("one");
      void promise.constructor;
      return Promise.resolve().then(() => promise);
    },
    "looked at, and asked by somebody's own promise": () => {
      const promise = db.query("one");
      return new Promise((resolve, reject) => {
        if (promise.constructor) void promise.then(resolve, reject);
      });
    },
    "asked, and returned": async () => {
      const promise = db.query("one");
      void promise.then(() => 1);
      return promise;
    },
    "Promise.resolve of a promise, returned": async () => Promise.resolve(db.query("one")),
    all: () => Promise.all([db.sql`one`, db.query("two")]),
    race: () => Promise.race([db.sql`one`, db.query("two")]),
    keep: () => keep(db.query("one")),
  };
  for (const [place, make] of Object.entries(makers)) {
    await db.session(async (own) => {
      shared[place] = make();
      const others = [1, 2].map(() => db.session((other) => reader(place, other)));
      await Promise.all([reader(place, own), ...others, outside.run(() => reader(place, undefined))]);
    });
  }
  expect(wrong).toEqual([]);
});

test("what was looked at is no longer being awaited when its job has ended", async () => {
  const db = ambientDatabase();
  const outside = new AsyncContext.Snapshot();
  await db.session(async () => {
    const promise = db.query("one");
    void promise.constructor;
    const shared = new Promise((resolve) => queueMicrotask(() => resolve(promise)));
    const reader = outside.run(async () => {
      await shared;
      return db.current();
    });
    expect(await reader).toBeUndefined();
  });
});

test("many flows at once: never another's session, and none in code that has none", async () => {
  const db = ambientDatabase();
  const seen = { own: 0, lost: 0, wrong: 0 };
  const check = (): void => {
    const here = db.current();
    seen[here === undefined ? "lost" : here === truth.getStore() ? "own" : "wrong"]++;
  };
  const helper = async (): Promise<void> => {
    await db.query("two");
    check();
  };
  const flow = async (index: number): Promise<void> => {
    await sleep(index % 7);
    await db.session((own) =>
      truth.run(own, async () => {
        await db.sql`one`;
        check();
        await keep(helper());
        check();
        await keep(sleep(index % 3));
        check();
        await Promise.all([db.query("three"), db.sql`four`]);
        check();
      }),
    );
  };
  let leaks = 0;
  const bystander = async (): Promise<void> => {
    for (let step = 0; step < 500; step++) {
      await Promise.resolve();
      if (db.current()) leaks++;
    }
  };
  await Promise.all([bystander(), ...Array.from({ length: 100 }, (_, index) => flow(index)), bystander()]);
  expect({ ...seen, leaks }).toEqual({ own: 400, lost: 100, wrong: 0, leaks: 0 });
});

test("the missing plugin is told of once, with the remedy, and not when that is meant", async () => {
  delete page.hasWarned;
  const told: string[] = [];
  const warn = (message: string): void => void told.push(message);
  const work = (): undefined => undefined;
  browserContext({ warn: false }).run(undefined, work);
  expect(told).toEqual([]);
  const context = browserContext({ warn });
  context.run(undefined, work);
  context.run(undefined, work);
  browserContext({ warn }).run(undefined, work);
  expect(told).toEqual([expect.stringMatching(/isopool\/vite/)]);
});
