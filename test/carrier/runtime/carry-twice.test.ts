// A promise may be carried more than once on its way to the one who awaits it: by a session, by the database that ran it, by another
// copy of the package. The second time changes nothing.

import { afterEach, expect, test, vi } from "vitest";
import { AsyncContext, browserContext, keep, unpatch } from "../../../src/carrier/runtime/index.ts";
import { ambientDatabase } from "./ambient-database.ts";

afterEach(() => unpatch());

const carriedBy = (context: { carry?: unknown }) => context.carry as <T>(promise: T) => T;

test("without the plugin, every way through autocommit gives its result, and keeps the session around it", async () => {
  const db = ambientDatabase();
  await db.session(async (own) => {
    const here: boolean[] = [];
    const look = (): void => void here.push(db.current() === own);
    expect((await db.autocommit.query("rows")).rows.length).toBe(2);
    look();
    expect((await db.autocommit.batch(["one", "rows"])).length).toBe(2);
    look();
    expect((await db.autocommit.sql`rows`).length).toBe(2);
    look();
    expect(await db.autocommit.sql`rows`.first()).toEqual({ number: 1 });
    look();
    expect(here).toEqual([true, true, true, true]);
  });
});

test("without the plugin, autocommit works where no session is", async () => {
  const db = ambientDatabase();
  expect((await db.autocommit.query("rows")).rows.length).toBe(2);
  expect((await db.autocommit.batch(["one"])).length).toBe(1);
});

test("a promise that two copies of the package carry keeps the context of its await", async () => {
  vi.resetModules();
  const copy = await import("../../../src/carrier/runtime/index.ts");
  const one = carriedBy(browserContext({ warn: false }));
  const two = carriedBy(copy.browserContext({ warn: false }));
  const variable = new AsyncContext.Variable<string>();
  const promise = Promise.resolve(1);
  expect(two(one(two(promise)))).toBe(promise);
  await variable.run("A", async () => {
    expect(await promise).toBe(1);
    expect(variable.get()).toBe("A");
    expect(await keep(promise)).toBe(1);
    expect(variable.get()).toBe("A");
  });
});

test.each(["freeze", "seal", "preventExtensions"] as const)(
  "a promise under Object.%s is handed on as it is, and one that is carried may be frozen",
  async (key) => {
    const close: <T>(promise: T) => T = Reflect.get(Object, key);
    const carry = carriedBy(browserContext({ warn: false }));
    const frozen = close(Promise.resolve(1));
    expect(carry(frozen)).toBe(frozen);
    expect(await frozen).toBe(1);
    const variable = new AsyncContext.Variable<string>();
    const carried = close(carry(Promise.resolve(2)));
    await variable.run("A", async () => {
      expect(await carry(carried)).toBe(2);
      expect(variable.get()).toBe("A");
    });
  },
);

test.each(["constructor", "then"])("a promise whose `%s` cannot be replaced is handed on as it is", async (key) => {
  const carry = carriedBy(browserContext({ warn: false }));
  const promise = Promise.resolve(1);
  const value: unknown = Reflect.get(promise, key);
  Reflect.defineProperty(promise, key, { value });
  expect(carry(promise)).toBe(promise);
  expect([promise.constructor, Reflect.get(promise, key)]).toEqual([Promise, value]);
  expect(await promise).toBe(1);
});
