// A kept promise serves the one who awaits it, and nobody else: none of its other readers, and nobody without a session.

import { afterEach, expect, test } from "vitest";
import { AsyncContext, browserContext, keep, unpatch } from "../../../src/carrier/runtime/index.ts";
import { page } from "../../../src/carrier/runtime/page.ts";
import { ambientDatabase } from "./ambient-database.ts";

afterEach(() => {
  unpatch();
  expect(page.current).toBeUndefined();
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

test("with nobody current, such a promise is awaited as any other, in one microtask", async () => {
  const context = browserContext({ warn: false });
  const kept = context.carry?.(Promise.resolve(1));
  const order: string[] = [];
  const first = (async () => {
    await kept;
    order.push("kept");
  })();
  const second = (async () => {
    await Promise.resolve(2);
    order.push("any other");
  })();
  await first;
  await second;
  expect(order).toEqual(["kept", "any other"]);
  expect(kept?.constructor).toBe(Promise);
});

test("only the first `then` that is read behind a look is the await's", async () => {
  const variable = new AsyncContext.Variable<string>();
  const context = browserContext({ warn: false });
  const kept = context.carry?.(Promise.resolve(1)) as Promise<number>;
  const { then } = kept;
  variable.run("A", () => {
    void kept.constructor;
    expect(kept.then === then).toBe(false);
    expect(kept.then === then).toBe(true);
  });
  await kept;
});

test("where the patches were taken back, promises are left as they are", () => {
  const context = browserContext({ warn: false });
  unpatch();
  const promise = Promise.resolve(1);
  expect(Reflect.ownKeys(context.carry?.(promise) ?? {})).not.toContain("then");
  expect(keep(promise)).toBe(promise);
});
