import { runInNewContext } from "node:vm";
import { afterEach, expect, test, vi } from "vitest";
import { AsyncContext, browserContext, unpatch } from "../../../src/carrier/runtime/index.ts";
import { page } from "../../../src/carrier/runtime/page.ts";

const [nativeThen, , nativeTimeout, nativeQueue] = inPlace();
const native = inPlace();

function inPlace() {
  const { setTimeout, queueMicrotask } = globalThis;
  const { toString } = Function.prototype;
  return [Promise.prototype.then, Promise.resolve, setTimeout, queueMicrotask, toString] as const;
}

afterEach(() => {
  unpatch();
  vi.unstubAllGlobals();
  expect(inPlace()).toEqual(native);
  expect(page.current).toBeUndefined();
});

test("importing patches nothing; the first variable does, and it can be undone", () => {
  expect(inPlace()).toEqual(native);
  const variable = new AsyncContext.Variable();
  expect(Promise.prototype.then).not.toBe(nativeThen);
  expect(globalThis.setTimeout).not.toBe(nativeTimeout);
  unpatch();
  expect(inPlace()).toEqual(native);
  expect(variable.run(1, () => variable.get())).toBe(1);
});

test("patches are not applied twice, by one copy of the module nor by two", async () => {
  const one = new AsyncContext.Variable<string>();
  const once = inPlace();
  const again = new AsyncContext.Variable<string>();
  vi.resetModules();
  const copy = await import("../../../src/carrier/runtime/index.ts");
  expect(copy.AsyncContext.Variable).not.toBe(AsyncContext.Variable);
  const two = new copy.AsyncContext.Variable<string>();
  expect(inPlace()).toEqual(once);
  const seen = await one.run("one", () =>
    two.run("two", () => Promise.resolve().then(() => [one.get(), two.get(), again.get()])),
  );
  expect(seen).toEqual(["one", "two", undefined]);
  copy.unpatch();
  expect(inPlace()).toEqual(native);
});

test("what is patched looks as it did: name, length, properties, no constructor", () => {
  browserContext({ warn: false });
  const { then } = Promise.prototype;
  expect([then.name, then.length]).toEqual([nativeThen.name, nativeThen.length]);
  expect(Object.getOwnPropertyDescriptor(Promise.prototype, "then")).toMatchObject({ enumerable: false });
  expect(Object.getOwnPropertySymbols(setTimeout)).toEqual(Object.getOwnPropertySymbols(nativeTimeout));
  expect(() => Reflect.construct(then, [])).toThrow(TypeError);
});

/** The text of each function that may be patched, by itself and by what is asked for all functions. */
function texts(textOf: (each: unknown) => string): string[] {
  const { all, race, reject } = Promise;
  const { catch: caught, finally: ended } = Promise.prototype;
  const { setInterval, setImmediate } = globalThis;
  return [...inPlace(), all, race, reject, caught, ended, setInterval, setImmediate].map((each) => textOf(each));
}

const shown = (each: unknown): string => Function.prototype.toString.call(each);

test("what is patched has the text that it had: for Dexie and others, no text of native code is a polyfill", () => {
  const before = [texts(String), texts(shown)];
  browserContext({ warn: false });
  expect([texts(String), texts(shown)]).toEqual(before);
  expect(before[0]?.[0]).toBe("function then() { [native code] }");
  const own = (): number => 1;
  expect([String(own), shown(own), shown(Promise)]).toEqual(["() => 1", "() => 1", shown(Promise)]);
  expect(() => shown({})).toThrow(TypeError);
  expect(() => shown(undefined)).toThrow(TypeError);
});

test("in another realm, too, what is patched looks native", () => {
  browserContext({ warn: false });
  const elsewhere = runInNewContext("Function.prototype.toString") as () => string;
  expect(inPlace().map((each) => /^function.*\{\s*\[native code\]\s*\}$/.test(elsewhere.call(each)))).not.toContain(
    false,
  );
});

test.each([
  ["ours first", [0, 1]],
  ["theirs first", [1, 0]],
])("patches of ours and of others are taken back in any order: %s", async (_name, order) => {
  browserContext({ warn: false });
  const theirs: (() => void)[] = [];
  const wrap = (holder: object, key: string): void => {
    const below = Reflect.get(holder, key) as (...args: unknown[]) => unknown;
    const wrapper = function (this: unknown, ...args: unknown[]): unknown {
      return Reflect.apply(below, this, args);
    };
    Reflect.set(holder, key, wrapper);
    theirs.unshift(() => void (Reflect.get(holder, key) === wrapper && Reflect.set(holder, key, below)));
  };
  wrap(Promise.prototype, "then");
  wrap(Function.prototype, "toString");
  wrap(globalThis, "queueMicrotask");
  const undo = [unpatch, () => theirs.forEach((each) => each())];
  order.forEach((each) => undo[each]?.());
  const variable = new AsyncContext.Variable<string>();
  const seen = variable.run("A", () => Promise.resolve().then(() => variable.get()));
  expect([await seen, String(Promise.prototype.then)]).toEqual(["A", "function then() { [native code] }"]);
  unpatch();
  const [then, resolve, timeout, queue, toString] = native;
  Reflect.set(Promise.prototype, "then", then);
  globalThis.queueMicrotask = queue;
  Reflect.set(Function.prototype, "toString", toString);
  expect([Promise.resolve, setTimeout]).toEqual([resolve, timeout]);
});

test("with nobody current, callbacks are handed on as they are", () => {
  const handed: unknown[] = [];
  vi.stubGlobal("requestAnimationFrame", (...args: unknown[]) => handed.push(...args));
  const variable = new AsyncContext.Variable<number>();
  const callback = (): void => undefined;
  requestAnimationFrame(callback);
  variable.run(1, () => requestAnimationFrame(callback));
  expect(handed[0]).toBe(callback);
  expect(handed[1]).not.toBe(callback);
  expect(handed).toHaveLength(2);
});

test.each(["setTimeout", "setInterval", "setImmediate", "queueMicrotask"] as const)(
  "%s calls back with who was current when it was asked, and hands over its arguments",
  async (name) => {
    const variable = new AsyncContext.Variable<string>();
    const schedule = globalThis[name] as (callback: (...args: unknown[]) => void, ...rest: unknown[]) => unknown;
    const rest = name.startsWith("setT") || name.startsWith("setIn") ? [0, "x"] : name === "setImmediate" ? ["x"] : [];
    let id: unknown;
    const seen = await new Promise((resolve) => {
      id = variable.run("A", () => schedule((...args) => resolve([variable.get(), ...args]), ...rest));
    });
    clearInterval(id as number);
    expect(seen).toEqual(["A", ...rest.slice(-1)]);
  },
);

test("what is no function is refused by the function itself, as without us", () => {
  const variable = new AsyncContext.Variable<string>();
  const wrong = globalThis.queueMicrotask as (...args: unknown[]) => void;
  expect(() => variable.run("A", () => wrong())).toThrow(/must be of type function/);
  expect(() => variable.run("A", () => wrong("code"))).toThrow(/must be of type function/);
});

test("a callback is called and nothing else: one that stands for a worker's function sends what it is asked for", async () => {
  const variable = new AsyncContext.Variable<string>();
  const calls: unknown[] = [];
  const remote = new Proxy(() => undefined, {
    get: () => expect.unreachable("asked for a property"),
    apply: (_target, _self, values) => calls.push([variable.get(), ...(values as unknown[])]),
  });
  await variable.run("A", () => Promise.resolve(1).then(remote));
  await new Promise((resolve) => variable.run("B", () => queueMicrotask(() => resolve(queueMicrotask(remote)))));
  expect(calls).toEqual([["A", 1], ["B"]]);
});

test("what a global has from a prototype is patched there", () => {
  const postTask = (work: () => void): void => work();
  const inherited = { postTask };
  vi.stubGlobal("Scheduler", { prototype: Object.create(inherited) as object });
  browserContext({ warn: false });
  expect(inherited.postTask).not.toBe(postTask);
  unpatch();
  expect(inherited.postTask).toBe(postTask);
});

test("what is frozen is left as it is, also when the patches are taken back", async () => {
  const queue = (callback: () => void): void => callback();
  vi.stubGlobal("Scheduler", { prototype: Object.freeze({ postTask: queue }) });
  const locks = { request: queue };
  vi.stubGlobal("LockManager", { prototype: locks });
  browserContext({ warn: false });
  const scheduler = (globalThis as unknown as { Scheduler: { prototype: object } }).Scheduler.prototype;
  expect(scheduler).toEqual({ postTask: queue });
  const patched = locks.request;
  expect(patched).not.toBe(queue);
  Object.freeze(locks);
  unpatch();
  expect(locks.request).toBe(patched);
});

test("a listener has who is current where its event is dispatched; what the platform calls has nobody", async () => {
  const variable = new AsyncContext.Variable<string>();
  const target = new EventTarget();
  const seen: unknown[] = [];
  variable.run("registering", () => target.addEventListener("x", () => seen.push(variable.get())));
  variable.run("dispatching", () => target.dispatchEvent(new Event("x")));
  target.dispatchEvent(new Event("x"));
  const { port1, port2 } = new MessageChannel();
  await variable.run("sending", async () => {
    const heard = new Promise<void>((resolve) => {
      port1.addEventListener("message", () => {
        seen.push(variable.get());
        resolve();
      });
    });
    port1.start();
    port2.postMessage(1);
    return heard;
  });
  port1.close();
  expect(seen).toEqual(["dispatching", undefined, undefined]);
});

test("somebody who has patched on top keeps working when ours are taken back", async () => {
  const variable = new AsyncContext.Variable<string>();
  const ours = globalThis.queueMicrotask;
  const calls: unknown[] = [];
  vi.stubGlobal("queueMicrotask", (callback: () => void) => {
    calls.push("theirs");
    ours(callback);
  });
  unpatch();
  const seen = await new Promise((resolve) => variable.run("A", () => queueMicrotask(() => resolve(variable.get()))));
  expect([calls, seen]).toEqual([["theirs"], undefined]);
  vi.unstubAllGlobals();
  globalThis.queueMicrotask = nativeQueue;
});
