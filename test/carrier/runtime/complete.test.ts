// The dev server tells nobody that the page is compiled: the first compiled module that is loaded does.

import { afterEach, expect, test, vi } from "vitest";
import { browserContext, keep, unpatch } from "../../../src/carrier/runtime/index.ts";
import { page } from "../../../src/carrier/runtime/page.ts";

afterEach(() => {
  unpatch();
  expect(page.current).toBeUndefined();
});

test("where something was compiled, nothing is told and promises are left as they are", async () => {
  const told: string[] = [];
  const context = browserContext({ warn: (message) => void told.push(message) });
  const carried = (promise: Promise<unknown>): PropertyKey[] => Reflect.ownKeys(context.carry?.(promise) ?? {});
  expect(page.isTransformed).toBe(undefined);
  expect(carried(Promise.resolve(1))).toContain("then");
  expect(context.remedy).toBe("build with isopool/vite or keep(promise)");
  expect(Reflect.ownKeys(keep(Promise.resolve(1)))).toContain("then");
  vi.resetModules();
  await import("../../../src/carrier/runtime/abi.ts");
  expect(page.isTransformed).toBe(true);
  // It was built with the plugin: to say "build with it" would mislead.
  expect(context.remedy).toBe("begin one here (a listener has none)");
  const promise = Promise.resolve(1);
  expect(context.carry?.(promise)).toBe(promise);
  expect(carried(promise)).not.toContain("then");
  expect(keep(promise)).toBe(promise);
  context.run(undefined, () => undefined);
  expect(told).toEqual([]);
  delete page.isTransformed;
  context.run(undefined, () => undefined);
  expect(told.length).toBe(1);
});
