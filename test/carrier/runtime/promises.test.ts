// What a promise is asked for within a context, and what it is not.

import { afterEach, expect, test, vi } from "vitest";
import { AsyncContext, unpatch } from "../../../src/carrier/runtime/index.ts";
import { page } from "../../../src/carrier/runtime/page.ts";

const { resolve: nativeResolve } = Promise;
const { then: nativeThen, finally: nativeFinally } = Promise.prototype;

afterEach(() => {
  unpatch();
  vi.unstubAllGlobals();
  expect(Promise.resolve).toBe(nativeResolve);
  expect([Promise.prototype.then, Promise.prototype.finally]).toEqual([nativeThen, nativeFinally]);
  expect(page.current).toBeUndefined();
});

test("promises keep their kind and their identity", async () => {
  class Special<T> extends Promise<T> {}
  const variable = new AsyncContext.Variable<string>();
  await variable.run("A", async () => {
    const promise = Promise.resolve(1);
    expect(Promise.resolve(promise)).toBe(promise);
    const special = Special.resolve(1);
    expect(Special.resolve(special)).toBe(special);
    expect(special.then(() => 1)).toBeInstanceOf(Special);
    expect(Promise.resolve(special)).not.toBe(special);
    await Promise.all([special, promise.then(undefined, undefined), Special.resolve(promise)]);
  });
  expect(await Promise.resolve(null)).toBeNull();
});

test("a promise with a `then` of its own comes back as it is from its own kind, and is asked in the context by another", async () => {
  const variable = new AsyncContext.Variable<string>();
  const seen: unknown[] = [];
  class Lazy<T> extends Promise<T> {
    // oxlint-disable-next-line unicorn/no-thenable -- it is one on purpose
    override then: Promise<T>["then"] = (...callbacks) => {
      seen.push(variable.get());
      return Promise.prototype.then.apply(this, callbacks) as never;
    };
  }
  const lazy = new Lazy((resolve) => resolve(1));
  await variable.run("A", () => {
    expect(Lazy.resolve(lazy) === lazy).toBe(true);
    expect(seen).toEqual([]);
    return Promise.resolve(lazy);
  });
  expect(seen).toEqual(["A"]);
});

test("a thenable that a callback returns is asked in the callback's context", async () => {
  const variable = new AsyncContext.Variable<string>();
  const thenable = {
    // oxlint-disable-next-line unicorn/no-thenable -- that is what it is
    then: (resolve: (value: unknown) => void) => resolve(variable.get()),
  };
  const asked = variable.run("A", () => Promise.resolve().then(() => thenable));
  expect(await asked).toBe("A");
  expect(await variable.run("B", () => Promise.resolve(thenable))).toBe("B");
  expect(await variable.run("C", () => Promise.all([thenable, thenable]))).toEqual(["C", "C"]);
});

test("a thenable that a finally, a lock or a task returns is asked in the context, too", async () => {
  const call = (...args: unknown[]): unknown => Promise.resolve((args.at(-1) as (lock: string) => unknown)("lock"));
  vi.stubGlobal("LockManager", { prototype: { request: call } });
  vi.stubGlobal("Scheduler", { prototype: { postTask: call } });
  const variable = new AsyncContext.Variable<string>();
  const seen: unknown[] = [];
  // oxlint-disable-next-line unicorn/no-thenable -- that is what it is
  const thenable = { then: (resolve: (value?: unknown) => void) => resolve(seen.push(variable.get())) };
  const { request } = (LockManager as unknown as { prototype: Record<string, typeof call> }).prototype;
  const { postTask } = (globalThis as unknown as { Scheduler: { prototype: Record<string, typeof call> } }).Scheduler
    .prototype;
  await variable.run("A", () =>
    Promise.resolve(1).finally((...none: unknown[]) => (seen.push(none.length), thenable as never)),
  );
  await variable.run("B", () => request?.("name", {}, (lock: unknown) => (seen.push(lock), thenable)));
  await variable.run("C", () => postTask?.(() => thenable));
  expect(seen).toEqual([0, "A", "lock", "B", "C"]);
});

test("a callback that gives its own promise is told so, as without us", async () => {
  const variable = new AsyncContext.Variable<string>();
  const own: Promise<unknown> = variable.run("A", () => Promise.resolve().then(() => own));
  await expect(own).rejects.toThrow(/cycle/);
});

test("only what a promise is asked for is asked of a value: the window of another origin has nothing else", async () => {
  const variable = new AsyncContext.Variable<string>();
  const elsewhere: object = new Proxy(
    {},
    {
      getPrototypeOf: () => null,
      get(_target, key) {
        if (key === "then") return undefined;
        throw new Error("SecurityError");
      },
    },
  );
  await variable.run("A", async () => {
    expect((await Promise.resolve(elsewhere)) === elsewhere).toBe(true);
    expect((await Promise.resolve().then(() => elsewhere)) === elsewhere).toBe(true);
  });
});

test("what an async function returns is the engine's promise, whatever stands in its place on the page", async () => {
  const Engine = Promise;
  vi.stubGlobal("Promise", class Other<T> extends Engine<T> {});
  const variable = new AsyncContext.Variable<string>();
  const seen: unknown[] = [];
  await variable.run("A", () => (async () => 1)().then(() => seen.push(variable.get())));
  await variable.run("B", () => Promise.resolve(1).then(() => seen.push(variable.get())));
  expect(seen).toEqual(["A", "B"]);
  unpatch();
  expect(Engine.prototype.then).toBe(nativeThen);
});

test("a Promise that is put in the engine's place later is patched when a variable is next run", async () => {
  const variable = new AsyncContext.Variable<string>();
  const queue = queueMicrotask;
  class Foreign {
    // oxlint-disable-next-line unicorn/no-thenable -- it is one on purpose
    then(callback: () => void): void {
      unpatched.push(callback);
    }
  }
  const unpatched: (() => void)[] = [];
  const seen: unknown[] = [];
  vi.stubGlobal("Promise", Foreign);
  variable.run("A", () => new Foreign().then(() => seen.push(variable.get())));
  vi.unstubAllGlobals();
  await new Promise<void>((resolve) => queue(() => resolve(unpatched.forEach((callback) => callback()))));
  expect(seen).toEqual(["A"]);
});
