// The bounds of `npm run soak` are seen to break: on leaks that are planted, in a fraction of its time. Without one, only the real
// soak is long enough to tell growth from warm-up; `npm run soak -- --plant listener` plants one there.

import { expect, test } from "vitest";
import type { Outcome, Plant } from "./bounds.ts";
import { soakNode, soakVirtually } from "./node.ts";
import { soakWorkerd } from "./workerd.ts";

/** Names of the bounds that were broken. */
const names = ({ broken }: Outcome): string[] => [...new Set(broken.map((each) => each.split(":")[0]!))].toSorted();

const ROUNDS = 30;
const rounds = [(round: number) => round >= ROUNDS, () => true] as const;

test("twelve virtual minutes are flat", async () => {
  expect(names(await soakVirtually(720))).toEqual([]);
});

test.each<[Plant, string[]]>([
  ["listener", ["heap"]],
  ["connection", ["left", "open"]],
  ["lease", ["busy", "left"]],
])("virtual time: a %s that is kept is found", async (plant, bounds) => {
  expect(names(await soakVirtually(360, plant))).toEqual(bounds);
});

test.each<[Plant, string[]]>([
  ["listener", ["heap"]],
  ["connection", ["handles", "left", "open"]],
  ["lease", ["busy", "left"]],
])("Node: a %s that is kept is found", async (plant, bounds) => {
  expect(names(await soakNode(...rounds, plant))).toEqual(expect.arrayContaining(bounds));
});

test.each<[Plant, string[]]>([
  ["listener", ["memory"]],
  ["connection", ["left"]],
  ["lease", ["busy", "left"]],
])("a Worker: a %s that is kept is found", async (plant, bounds) => {
  expect(names(await soakWorkerd(...rounds, plant))).toEqual(expect.arrayContaining(bounds));
});
