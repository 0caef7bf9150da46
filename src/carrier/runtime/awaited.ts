// What an await is given in the place of its value.

import { carried, Native } from "./carried.ts";
import type { Mapping } from "./page.ts";

// Read once: every await compares with it.
const native = Native.prototype;

/** Of a plain promise nothing is asked, not even a `then` of its own: it is awaited without anybody's code being run. */
export function toAwaited<T>(value: T, context: Mapping): T {
  // In this order, which engines compile best: mostly it is a promise.
  return value instanceof Native && value.constructor === Native && Object.getPrototypeOf(value) === native
    ? value
    : carried(value, context);
}
