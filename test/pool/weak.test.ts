// What is dropped is collected where the platform has weak references, and kept where it has none.

import { afterEach, expect, test, vi } from "vitest";
import { collect } from "../kit/collect.ts";
import { IterableWeakSet, offCollected, onCollected } from "../../src/pool/weak.ts";

afterEach(() => void vi.unstubAllGlobals());

test("a set holds each once, and nothing when nothing was added", () => {
  const set = new IterableWeakSet<object>();
  expect([...set]).toEqual([]);
  const [one, other] = [{}, {}];
  for (const each of [one, other, one]) set.add(each);
  expect([...set]).toEqual([one, other]);
  set.delete(one);
  expect([...set]).toEqual([other]);
});

test("what was collected is in no set", async () => {
  const set = new IterableWeakSet<object>();
  const kept = {};
  const add = (): void => set.add({});
  add();
  set.add(kept);
  // What is made in this turn stays until its end.
  await turn();
  collect();
  const found = [...set];
  expect(found).toHaveLength(1);
  expect(found[0]).toBe(kept);
});

test("what is to be done when something was collected is done, unless it was done before", async () => {
  const done: string[] = [];
  const make = (): void => {
    const [one, other] = [{}, {}];
    onCollected(one, () => done.push("one"));
    onCollected(other, () => done.push("other"));
    offCollected(one);
  };
  make();
  await turn();
  collect();
  // Finalizers run in a turn of their own.
  await expect.poll(() => done).toEqual(["other"]);
});

test("who comes and goes leaves nothing, in however many sets it was", async () => {
  let registered = 0;
  class Counted {
    readonly tokens = new Map<object, number>();
    register(_value: object, _callback: unknown, token: object): void {
      registered++;
      this.tokens.set(token, (this.tokens.get(token) ?? 0) + 1);
    }
    unregister(token: object): void {
      registered -= this.tokens.get(token) ?? 0;
      this.tokens.delete(token);
    }
  }
  vi.stubGlobal("FinalizationRegistry", Counted);
  const path = "../../src/pool/weak.ts?counted";
  const weak = (await import(path)) as typeof import("../../src/pool/weak.ts");
  const [one, other] = [new weak.IterableWeakSet<object>(), new weak.IterableWeakSet<object>()];
  const value = {};
  for (let time = 0; time < 10; time++) {
    for (const set of [one, other, one]) set.add(value);
    expect([[...one], [...other], registered]).toEqual([[value], [value], 1]);
    one.delete(value);
    one.delete(value);
    expect([[...one], [...other], registered]).toEqual([[], [value], 1]);
    one.add(value);
    one.delete(value);
    other.delete(value);
    expect([[...one], [...other], registered]).toEqual([[], [], 0]);
  }
});

test("what was collected is taken out of all sets that it is in", async () => {
  const callbacks: (() => void)[] = [];
  class Kept {
    readonly unregister = (): void => undefined;
    register(_value: object, callback: () => void): void {
      callbacks.push(callback);
    }
  }
  // References that hold: what is seen then is what the finalizer does.
  vi.stubGlobal("WeakRef", undefined);
  vi.stubGlobal("FinalizationRegistry", Kept);
  const path = "../../src/pool/weak.ts?kept";
  const weak = (await import(path)) as typeof import("../../src/pool/weak.ts");
  const sets = [1, 2, 3].map(() => new weak.IterableWeakSet<object>());
  const [value, other] = [{}, {}];
  for (const set of sets) for (const each of [value, other]) set.add(each);
  callbacks[0]!();
  expect(sets.map((set) => [...set])).toEqual([[other], [other], [other]]);
  expect(callbacks).toHaveLength(2);
});

test("without weak references everything is kept, and nothing fails", async () => {
  vi.stubGlobal("WeakRef", undefined);
  vi.stubGlobal("FinalizationRegistry", undefined);
  // Another instance of the module: what it has found of the platform, it keeps.
  const path = "../../src/pool/weak.ts?without";
  const weak = (await import(path)) as typeof import("../../src/pool/weak.ts");
  const value = {};
  weak.onCollected(value, () => expect.unreachable());
  weak.offCollected(value);
  expect(weak.refTo(value).deref()).toBe(value);
  const set = new weak.IterableWeakSet<object>();
  set.add(value);
  expect([...set]).toEqual([value]);
});

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
