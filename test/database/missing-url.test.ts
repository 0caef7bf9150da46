// Promise: a URL that is missing is asked for where it comes from, at once, or with the first statement where it is a function.

import { expect, test } from "vitest";
import { libsql } from "../../src/adapters/libsql/index.ts";
import { createDatabase } from "../../src/index.ts";

const adapters = [libsql()];

test.each([
  [undefined, "none: is its environment variable set?"],
  [null, "none: is its environment variable set?"],
  ["", "none: is its environment variable set?"],
  ["shop.db", "none: is its adapter in `adapters`?"],
  ["mysql://ada:s3cr3t@shop", "`mysql:`: is its adapter in `adapters`?"],
])("%j", async (url, told) => {
  const error = new TypeError(`Expected a URL of scheme libsql:, https:, http:, got ${told}`);
  expect(() => createDatabase(url as string, { adapters })).toThrow(error);
  const db = createDatabase(() => url as string, { adapters });
  await expect(db.autocommit.query("select 1")).rejects.toThrow(error);
  await db.dispose();
});
