// Issue 9, P8: what is remembered of texts is bounded by bytes, not only by how many there are.

import { expect, test } from "vitest";
import { Recent } from "../../../src/adapters/shared/recent.ts";

interface Value {
  readonly text: string;
}

function recent() {
  const live = new Set<Value>();
  const kit = {
    made: 0,
    live,
    /** What is kept, in characters. */
    chars: () => [...live].reduce((sum, { text }) => sum + text.length, 0),
    cache: new Recent<Value>(
      10,
      (text) => {
        kit.made++;
        const value = { text };
        live.add(value);
        return value;
      },
      (value) => void expect(live.delete(value)).toBe(true),
    ),
  };
  return kit;
}

test("many texts are bounded by their count, and one that is used again and again is made once", () => {
  const { cache, live } = recent();
  const often = cache.get("often");
  for (let n = 0; n < 1_000; n++) {
    cache.get(`text ${n}`);
    expect(cache.get("often")).toBe(often);
    expect(live.size).toBeLessThanOrEqual(20);
  }
  cache.clear();
  expect(live.size).toBe(0);
});

test("large texts are bounded by their bytes", () => {
  const { cache, chars } = recent();
  for (let n = 0; n < 100; n++) {
    cache.get(`${n} ${"x".repeat(50_000)}`);
    expect(chars()).toBeLessThan(270_000);
  }
});

test("what a value keeps besides counts as well", () => {
  const { cache, live } = recent();
  for (let n = 0; n < 100; n++) cache.get(`text ${n}`, () => 100_000);
  expect(live.size).toBeLessThanOrEqual(4);
});

test("one that is larger than all that may be kept stays until another comes, and drives nothing else out", () => {
  const kit = recent();
  const { cache, live } = kit;
  for (let n = 0; n < 5; n++) cache.get(`text ${n}`);
  const huge = "x".repeat(1_000_000);
  expect(cache.get(huge)).toBe(cache.get(huge));
  expect([kit.made, live.size]).toEqual([6, 6]);
  for (let n = 0; n < 5; n++) cache.get(`text ${n}`);
  expect([kit.made, live.size]).toEqual([6, 5]);
  cache.get(huge);
  cache.get(`${huge}!`);
  expect(live.size).toBe(6);
  cache.clear();
  expect(live.size).toBe(0);
});

test("the one that was asked for last is not handed out once it was dropped", () => {
  const { cache, live } = recent();
  const last = cache.get("last");
  expect(cache.get("last")).toBe(last);
  cache.clear();
  expect(live.size).toBe(0);
  expect(cache.get("last")).not.toBe(last);
  // It fails to be made: what was asked for before it is not taken for it.
  const failing = new Recent<Value>(10, (text) => {
    if (text === "bad") throw new Error("bad");
    return { text };
  });
  expect(failing.get("good").text).toBe("good");
  expect(() => failing.get("bad")).toThrow("bad");
  expect(() => failing.get("bad")).toThrow("bad");
  expect(failing.get("good").text).toBe("good");
});
