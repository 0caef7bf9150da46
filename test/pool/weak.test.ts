// What is dropped is collected where the platform has weak references, and kept where it has none.

import { afterEach, expect, test, vi } from "vitest";
import { collect } from "../kit/collect.ts";
import { IterableWeakSet } from "../../src/pool/weak.ts";

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
  await new Promise((resolve) => setTimeout(resolve, 1));
  collect();
  const found = [...set];
  expect(found).toHaveLength(1);
  expect(found[0]).toBe(kept);
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
