// The proposal's semantics, told by its text: https://tc39.es/proposal-async-context/

import { afterEach, expect, test, vi } from "vitest";
import { AsyncContext, unpatch } from "../../../src/carrier/runtime/index.ts";
import { page } from "../../../src/carrier/runtime/page.ts";

const { Snapshot, Variable } = AsyncContext;

afterEach(() => {
  unpatch();
  expect(page.current).toBeUndefined();
});

test("a variable has its default until it is run, and again behind that", () => {
  const variable = new Variable({ name: "user", defaultValue: "nobody" });
  expect(variable.name).toBe("user");
  expect(new Variable().name).toBe("");
  expect(variable.get()).toBe("nobody");
  expect(variable.run("Ada", () => variable.get())).toBe("Ada");
  expect(variable.get()).toBe("nobody");
});

test("run gives what the work returns, hands it its arguments, and throws what it throws", () => {
  const variable = new Variable<string>();
  expect(variable.run("x", (a: number, b: number) => a + b, 1, 2)).toBe(3);
  expect(() =>
    variable.run("x", () => {
      throw new RangeError("on purpose");
    }),
  ).toThrow(RangeError);
  expect(variable.get()).toBeUndefined();
});

test("an inner run hides the outer one; undefined is a value", () => {
  const variable = new Variable<string | undefined>({ defaultValue: "default" });
  const seen = variable.run("outer", () => [
    variable.get(),
    variable.run(undefined, () => variable.get()),
    variable.run("default", () => variable.get()),
    variable.get(),
  ]);
  expect(seen).toEqual(["outer", undefined, "default", "outer"]);
});

test("variables are independent", () => {
  const [one, two] = [new Variable<number>(), new Variable<number>()];
  one.run(1, () => {
    two.run(2, () => expect([one.get(), two.get()]).toEqual([1, 2]));
    expect([one.get(), two.get()]).toEqual([1, undefined]);
  });
});

test("a snapshot brings all variables back, wherever it is run", () => {
  const variable = new Variable<string>();
  const snapshot = variable.run("then", () => new Snapshot());
  expect(variable.run("now", () => snapshot.run((suffix: string) => `${variable.get()}${suffix}`, "!"))).toBe("then!");
  expect(variable.get()).toBeUndefined();
});

test("a wrapped function keeps its this, its arguments, its name and its length", () => {
  const variable = new Variable<string>();
  function describe(this: { id: number }, first: string, second: string): unknown[] {
    return [this.id, first, second, variable.get()];
  }
  const wrapped = variable.run("wrapped", () => Snapshot.wrap(describe));
  expect(wrapped.call({ id: 1 }, "a", "b")).toEqual([1, "a", "b", "wrapped"]);
  expect([wrapped.name, wrapped.length]).toEqual(["describe", 2]);
  expect(() => Snapshot.wrap(1 as never)).toThrow(new TypeError("Expected a function to wrap, got `number`"));
});

test("an engine's own AsyncContext is used, and nothing of the page is patched", async () => {
  class Engine {
    get(): string {
      return "native";
    }
    run<R>(_value: unknown, work: () => R): R {
      return work();
    }
  }
  // A bound function says of itself what a native one says.
  const native = { Variable: Engine.bind(undefined), Snapshot: Engine.bind(undefined) };
  vi.stubGlobal("AsyncContext", native);
  vi.resetModules();
  try {
    const entry = await import("../../../src/carrier/runtime/index.ts");
    expect(entry.AsyncContext.Variable).toBe(native.Variable);
    const context = entry.browserContext();
    expect(context.current()).toBe("native");
    expect(context.absenceProves).toBe(false);
    expect(page.undo).toBeUndefined();
  } finally {
    vi.unstubAllGlobals();
    vi.resetModules();
  }
});

test("a polyfill of AsyncContext is not taken for the engine's: it would lose the context at an await", async () => {
  class Polyfill {
    get(): string {
      return "lost";
    }
  }
  vi.stubGlobal("AsyncContext", { Variable: Polyfill, Snapshot: Polyfill });
  vi.resetModules();
  try {
    const entry = await import("../../../src/carrier/runtime/index.ts");
    const variable = new entry.AsyncContext.Variable<number>();
    expect(variable.run(1, () => variable.get())).toBe(1);
  } finally {
    vi.unstubAllGlobals();
    vi.resetModules();
  }
});
