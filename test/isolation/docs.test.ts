import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { table } from "./levels.ts";

test("the docs show what the tests prove", () => {
  const page = readFileSync(new URL("../../docs/isolation.md", import.meta.url), "utf8");
  expect(page).toContain(table());
});
