// Schedules that failed once hold now: `seeds.json`.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { simulate } from "./command.ts";
import type { Kept } from "./seeds.ts";

const kept = JSON.parse(readFileSync(new URL("seeds.json", import.meta.url), "utf8")) as readonly Kept[];

test("what went wrong once goes well", async () => {
  const { lines } = await simulate("--kept");
  expect(lines).toEqual(kept.map(({ about }) => `holds: ${about}`));
});
