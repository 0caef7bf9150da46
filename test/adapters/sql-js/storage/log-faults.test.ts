// Faults at every write, truncation and flush of the log: what comes back is a committed prefix with all that was acknowledged.

import { expect, test } from "vitest";
import { type Change, merge } from "../../../../src/adapters/sql-js/storage/block.ts";
import { LogStore } from "../../../../src/adapters/sql-js/storage/log-store.ts";
import { seeded } from "../../../kit/seeded.ts";
import { Disk, type Fault } from "./disk.ts";
import { Model } from "./model.ts";

function open({ files: [base, first, second] }: Disk): LogStore {
  return new LogStore("shop", { base: base!, logs: [first!, second!] }, { checkpointBytes: 40_000 });
}

/** Commits until the power is off, or all is done. @returns how many commits a user was told of that must be there. */
function work(disk: Disk, model: Model, isStrict: boolean, commits = 14): number {
  let kept = model.images.length - 1;
  try {
    const store = open(disk);
    store.load();
    let pending: Change | undefined;
    for (let commit = 0; commit < commits && !disk.isOff; commit++) {
      pending = merge(pending, model.next());
      try {
        store.write(pending, isStrict);
        pending = undefined;
        // A flush that the disk made up is nobody's fault here: until a real one follows, what it was to keep may be lost.
        const isLost = disk.files.slice(1).some(({ isFlushLost }) => isFlushLost);
        if (isStrict && !isLost) kept = model.images.length - 1;
      } catch {}
    }
  } catch (error) {
    if (!disk.hasFailed) throw error;
  }
  return kept;
}

/** A fault at every step of the work, one after another, and the power is cut some commits later. */
function explore(kind: Fault, isStrict: boolean): number {
  let runs = 0;
  for (let seed = 1; seed <= 12; seed++) {
    for (let at = 0; at < 40; at++) {
      const random = seeded(seed * 1_000 + at + kind.length * 77_777);
      const disk = new Disk();
      disk.fault = { at, kind };
      const model = new Model(random, new Uint8Array());
      const kept = work(disk, model, isStrict, 2 + Math.floor(random() * 14));
      if (!disk.hasFailed) continue;

      const after = disk.afterCut(random);
      const found = model.find(open(after).load());
      expect({ kind, seed, at, found: found >= kept ? "all that was kept" : found, kept }).toMatchObject({
        found: "all that was kept",
      });

      // And it goes on from there: once more, with another cut at its end.
      const next = new Model(random, model.images[found]!);
      const again = new Disk(after.files.map(({ content }) => content));
      const keptNext = work(again, next, isStrict);
      const foundNext = next.find(open(again.afterCut(random)).load());
      expect({ kind, seed, at, isThere: foundNext >= keptNext }).toMatchObject({ isThere: true });
      runs++;
    }
  }
  return runs;
}

test.each<Fault>(["short", "error", "quota", "lost flush", "power cut"])(
  "strict: after %s at any step, all that was acknowledged comes back, and nothing in part",
  (kind) => {
    expect(explore(kind, true)).toBeGreaterThan(100);
  },
);

test.each<Fault>(["short", "error", "quota", "power cut"])(
  "relaxed: after %s at any step, a committed prefix comes back",
  (kind) => {
    expect(explore(kind, false)).toBeGreaterThan(60);
  },
);

test("a model that is off by one byte is found: the search compares whole images", () => {
  const model = new Model(seeded(1), new Uint8Array());
  model.next();
  const image = model.images[1]!.slice();
  expect(model.find(image)).toBe(1);
  image[image.length - 1]! ^= 1;
  expect(model.find(image)).toBe(-1);
});
