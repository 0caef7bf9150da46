import { AsyncLocalStorage } from "node:async_hooks";
import { expect, test } from "vitest";
import { asyncContext, asyncLocal, explicit } from "../../src/index.ts";
import type { ContextProvider, Frame } from "../../src/index.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

/** The proposal's namespace, on AsyncLocalStorage: what an engine that has it would offer. */
class Variable {
  readonly #storage = new AsyncLocalStorage<unknown>();
  get(): unknown {
    return this.#storage.getStore();
  }
  run<R>(value: unknown, work: () => R): R {
    return this.#storage.run(value, work);
  }
}

const ambient: [string, () => ContextProvider][] = [
  ["asyncLocal", () => asyncLocal(AsyncLocalStorage)],
  ["asyncContext", () => asyncContext({ Variable })],
];

test.each(ambient)("%s: a hundred interleaved sessions each see their own", async (_name, make) => {
  const { db } = fakeDatabase({}, { context: make(), pool: { max: 100 } });
  const mixed = await Promise.all(
    Array.from({ length: 100 }, () =>
      db.session(async (own) => {
        for (let step = 0; step < 5; step++) {
          await db.query(`step ${step}`);
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
          if (db.current() !== own) return true;
        }
        return false;
      }),
    ),
  );
  expect(mixed.filter(Boolean)).toEqual([]);
  expect(db.current()).toBeUndefined();
});

test.each(ambient)("%s: without a session, db.query is a session of its own", async (_name, make) => {
  const { db, adapter } = fakeDatabase({}, { context: make() });
  await db.query("lone");
  expect(adapter.flights).toEqual(["1: lone"]);
});

test.each(ambient)("%s: two databases on one provider do not take each other's session", async (_name, make) => {
  const context = make();
  const one = fakeDatabase({}, { context });
  const two = fakeDatabase({}, { context });
  await one.db.session(async (s) => {
    expect(two.db.current()).toBeUndefined();
    await two.db.session(async (t) => {
      expect(one.db.current()).toBe(s);
      expect(two.db.current()).toBe(t);
      await Promise.all([one.db.query("one"), two.db.query("two")]);
    });
  });
  expect(one.adapter.flights).toEqual(["1: begin | one", "1: commit"]);
  expect(two.adapter.flights).toEqual(["1: begin | two", "1: commit"]);
});

test("explicit: db.query fails closed and names the remedies; the handle and autocommit always work", async () => {
  const { db, adapter } = fakeDatabase({}, { context: explicit() });
  await db.session(async (s) => {
    await s.query("by hand");
    expect(db.current()).toBeUndefined();
    const failure = await db.query("by accident").catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "SESSION_REQUIRED", details: { context: "explicit" } });
    expect((failure as Error).message).toMatch(/db\.session\(\).*createDatabase\(\).*db\.autocommit/);
  });
  await expect(db.batch(["x"])).rejects.toMatchObject({ code: "SESSION_REQUIRED" });
  expect(() => db.stream("x")).toThrow(/SESSION_REQUIRED/);
  await expect(db.commit()).rejects.toMatchObject({ code: "SESSION_REQUIRED" });
  expect(() => db.cursor).toThrow(/SESSION_REQUIRED/);
  await db.autocommit.query("on purpose");
  expect(adapter.flights).toEqual(["1: begin | by hand", "1: commit", "1: on purpose"]);
});

test("explicit: nothing is current, whatever runs", () => {
  const frame = { owner: {}, session: {}, parent: undefined } satisfies Frame;
  expect(explicit().run(frame, () => explicit().current())).toBeUndefined();
});
