// The simulation finds what it is there to find: classic faults, planted around the library.

import { expect, test } from "vitest";
import { simulate } from "./command.ts";
import { plants } from "./plants.ts";

test("every planted fault is found", async () => {
  const { lines } = await simulate("--plants");
  expect(lines.filter((line) => !line.startsWith("found after"))).toEqual([]);
  const found = lines.map((line) => line.slice(line.indexOf(": ") + 2));
  expect(found.toSorted()).toEqual(Object.keys(plants).toSorted());
  expect(found.length).toBeGreaterThanOrEqual(20);
}, 300_000);
