// Promise: each rule of docs/fuse.md holds in a program made for it.

import { expect, test } from "vitest";
import { differs } from "./run.ts";
import { rules } from "./rules.ts";

test.each(Object.entries(rules))("%s", async (_name, text) => {
  expect(await differs(text)).toBe(undefined);
});
