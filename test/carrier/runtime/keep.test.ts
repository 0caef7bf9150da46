// Without the plugin: vitest compiles nothing here, so every await is the engine's own. AsyncLocalStorage knows the truth.

import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, expect, test } from "vitest";
import { browserContext, keep, unpatch } from "../../../src/carrier/runtime/index.ts";
import { page } from "../../../src/carrier/runtime/page.ts";
import { ambientDatabase, sleep } from "./ambient-database.ts";

const truth = new AsyncLocalStorage<unknown>();

afterEach(() => {
  unpatch();
  expect(page.current).toBeUndefined();
});

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

test("so does a loop over rows that are read outside of the session on purpose", async () => {
  const db = ambientDatabase();
  await db.session(async (own) => {
    const here: unknown[] = [];
    for await (const { number } of db.autocommit.stream("rows")) here.push(number, db.current());
    here.push(db.current());
    for await (const _ of db.autocommit.stream("rows")) break;
    here.push(db.current());
    await expect(db.autocommit.stream("rows", { batchSize: 0 })[Symbol.asyncIterator]().next()).rejects.toThrow(
      TypeError,
    );
    expect(here).toEqual([1, own, 2, own, own, own]);
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
