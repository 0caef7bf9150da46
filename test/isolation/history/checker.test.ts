// Promise: the checker finds each anomaly that is planted in a history, and in a good one none.

import { expect, test } from "vitest";
import type { AnomalyKind } from "./anomaly.ts";
import { check } from "./checker.ts";
import type { History, Operation, Transaction } from "./history.ts";

const append = (key: number, value: number): Operation => ({ kind: "append", key, value });
const refused = (key: number, value: number): Operation => ({ kind: "append", key, value, isRefused: true });
const read = (key: number, ...list: number[]): Operation => ({ kind: "read", key, list });
const [enter, undo, keep] = [
  { kind: "enter" },
  { kind: "leave", isUndone: true },
  { kind: "leave", isUndone: false },
] as const;
const done = (...operations: Operation[]): Transaction => ({ operations, fate: "committed" });
const undone = (...operations: Operation[]): Transaction => ({ operations, fate: "aborted" });
const unknown = (...operations: Operation[]): Transaction => ({ operations, fate: "unknown" });
const history = (stored: Record<number, number[]>, ...transactions: Transaction[]): History => ({
  transactions,
  stored: new Map(Object.entries(stored).map(([key, list]) => [Number(key), list])),
});

const good: readonly (readonly [string, History])[] = [
  [
    "one after the other",
    history({ 1: [1, 2], 2: [3] }, done(append(1, 1)), done(read(1, 1), append(1, 2), append(2, 3))),
  ],
  [
    "its own appends, also in parts",
    history({ 1: [1, 2] }, done(append(1, 1), enter, append(1, 2), read(1, 1, 2), keep, read(1, 1, 2))),
  ],
  [
    "a part that was rolled back",
    history({ 1: [1] }, done(append(1, 1), enter, append(1, 2), read(1, 1, 2), undo, read(1, 1))),
  ],
  ["one that was rolled back", history({ 1: [2] }, undone(append(1, 1)), done(append(1, 2)))],
  ["an unknown one that is stored", history({ 1: [1, 2] }, unknown(append(1, 1)), done(read(1, 1), append(1, 2)))],
  ["an unknown one that is not", history({ 1: [2] }, unknown(append(1, 1)), done(append(1, 2)))],
  ["an append that was refused, and what was asked with it", history({ 1: [] }, undone(refused(1, 1), read(1)))],
  ["a read without an answer", history({ 1: [] }, undone({ kind: "read", key: 1, list: undefined }))],
];

const planted: readonly (readonly [string, AnomalyKind, History])[] = [
  ["a commit that is not stored", "lost", history({ 1: [] }, done(append(1, 1)))],
  ["a part of a commit that is not", "lost", history({ 1: [1] }, done(append(1, 1), append(1, 2)))],
  ["a rollback that is stored", "undone but stored", history({ 1: [1] }, undone(append(1, 1)))],
  [
    "a part that was rolled back, and is stored",
    "undone but stored",
    history({ 1: [1] }, done(enter, append(1, 1), undo)),
  ],
  ["an append that was refused, and is stored", "undone but stored", history({ 1: [1] }, done(refused(1, 1)))],
  ["an append that was refused, and is seen", "internal", history({ 1: [] }, undone(refused(1, 1), read(1, 1)))],
  ["an unknown one, by halves", "torn", history({ 1: [1], 2: [] }, unknown(append(1, 1), append(2, 2)))],
  ["done twice", "made up", history({ 1: [1, 1] }, done(append(1, 1)))],
  ["done by nobody", "made up", history({ 1: [7] })],
  ["blind for its own", "internal", history({ 1: [1] }, done(append(1, 1), read(1)))],
  [
    "what its part took back",
    "internal",
    history({ 1: [1] }, done(append(1, 1), enter, append(1, 2), undo, read(1, 1, 2))),
  ],
  [
    "two that saw another order",
    "no order",
    history({ 1: [1, 2] }, done(append(1, 1)), done(append(1, 2)), done(read(1, 2))),
  ],
  ["a dirty read", "G1a", history({ 1: [] }, undone(append(1, 1)), done(read(1, 1)))],
  [
    "a dirty read of a part",
    "G1a",
    history({ 1: [1] }, done(append(1, 1), enter, append(1, 2), undo), done(read(1, 1, 2))),
  ],
  ["a read in the middle", "G1b", history({ 1: [1, 2] }, done(append(1, 1), append(1, 2)), done(read(1, 1)))],
  [
    "mixed writes",
    "G0",
    history({ 1: [1, 2], 2: [4, 3] }, done(append(1, 1), append(2, 3)), done(append(1, 2), append(2, 4))),
  ],
  [
    "two that read each other",
    "G1c",
    history({ 1: [1], 2: [2] }, done(append(1, 1), read(2, 2)), done(append(2, 2), read(1, 1))),
  ],
  [
    "one read before, one after",
    "G-single",
    history({ 1: [1], 2: [2] }, done(append(1, 1), append(2, 2)), done(read(1), read(2, 2))),
  ],
  ["write skew", "G2", history({ 1: [1], 2: [2] }, done(read(2), append(1, 1)), done(read(1), append(2, 2)))],
  [
    "three in a circle",
    "G2",
    history(
      { 1: [1], 2: [2], 3: [3] },
      done(read(1), append(2, 2)),
      done(read(2), append(3, 3)),
      done(read(3), append(1, 1)),
    ),
  ],
];

test.each(good)("%s: nothing", (_, each) => {
  expect(check(each)).toEqual([]);
});

test.each(planted)("%s: %s", (_, kind, each) => {
  // These two are also a read from before a change and one from after it.
  const more = kind === "no order" || kind === "G1b" ? ["G-single"] : [];
  expect(check(each).map((anomaly) => anomaly.kind)).toEqual([kind, ...more]);
});
