import { expect, test, vi } from "vitest";
import { ConnectionPool, type ConnectionPoolOptions } from "../../src/pool/pool.ts";
import { fakePool } from "../kit/fake-source.ts";

test.each([
  ["max", 0, "an integer >= 1"],
  ["max", 1.5, "an integer >= 1"],
  ["max", "abc", "an integer >= 1"],
  ["maxIdle", -1, "an integer >= 0"],
  ["maxIdle", "0", "an integer >= 0"],
  ["maxUses", 0, "an integer >= 1"],
  ["maxWaiting", -1, "an integer >= 0"],
  ["acquireTimeoutMs", -1, "a number >= 0"],
  ["openTimeoutMs", Number.NaN, "a number >= 0"],
  ["idleMs", "1s", "a number >= 0"],
  ["maxLifetimeMs", -5, "a number >= 0"],
  ["validateAfterMs", {}, "a number >= 0"],
  ["leakMs", -1, "a number >= 0"],
])("%s: %s is refused at construction, with what it may be", (name, value, kind) => {
  const { source } = fakePool();
  const options = { [name]: value } as ConnectionPoolOptions;
  expect(() => new ConnectionPool(source, options)).toThrow(
    new TypeError(`Expected \`${name}\` to be ${kind}, got \`${String(value)}\``),
  );
});

test.each([
  ["open", { close() {} }],
  ["open", undefined],
  ["close", { open() {} }],
  ["validate", { open() {}, close() {}, validate: true }],
  ["isClosed", { open() {}, close() {}, isClosed: false }],
])("a source is refused at construction whose `%s` is no function: %o", (name, source) => {
  expect(() => new ConnectionPool(source as never)).toThrow(
    new RegExp(`^Expected \`${name}\` to be a function, got \`(undefined|boolean)\`$`),
  );
});

test("so is a listener that cannot be called", () => {
  const { source } = fakePool();
  expect(() => new ConnectionPool(source, { onEvent: "log" as never })).toThrow(
    new TypeError("Expected `onEvent` to be a function, got `string`"),
  );
});

test("a pool does nothing until it is used", () => {
  const random = vi.spyOn(Math, "random");
  const { source, clock } = fakePool();
  const now = vi.spyOn(clock, "now");
  const pool = new ConnectionPool(source, { runtime: clock.runtime() });
  expect(pool.stats()).toMatchObject({ open: 0, opened: 0 });
  expect([source.log, clock.timersSet, random.mock.calls, now.mock.calls]).toEqual([[], 0, [], []]);
  random.mockRestore();
});
