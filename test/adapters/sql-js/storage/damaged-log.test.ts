// A log that is damaged, foreign or newer is refused with what can be done, and never taken for an empty database.

import { expect, test } from "vitest";
import { BLOCK_BYTES } from "../../../../src/adapters/sql-js/storage/block.ts";
import { Disk } from "./disk.ts";
import { storeOn } from "./disk-storage.ts";

const HEADER = 48;
const FRAME = HEADER + 4 + BLOCK_BYTES;

/** Three commits of one block each: the image is all ones, then all twos, then all threes. */
function written(checkpointBytes?: number): Uint8Array[] {
  const disk = new Disk();
  const store = storeOn(disk, checkpointBytes);
  store.load();
  for (const fill of [1, 2, 3])
    store.write({ sizeBytes: BLOCK_BYTES, blocks: new Map([[0, new Uint8Array(BLOCK_BYTES).fill(fill)]]) }, true);
  return disk.files.map(({ content }) => withoutGrowth(content));
}

/** A log's file grows ahead of it, by zeros. */
function withoutGrowth(bytes: Uint8Array): Uint8Array {
  return bytes.slice(0, bytes.findLastIndex((byte) => byte !== 0) + 1);
}

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at]! ^= 255;
  return copy;
}

test("three commits are there again", () => {
  expect(storeOn(new Disk(written())).load()).toEqual(new Uint8Array(BLOCK_BYTES).fill(3));
});

test.each([
  ["the first", 0, 0],
  ["the second", 1, 1],
])("a bit that turned in %s frame is damage: what is before it can be salvaged", (_, frame, left) => {
  const [base, first, log] = written() as [Uint8Array, Uint8Array, Uint8Array];
  // The first log is in the second file.
  const [even, odd] = log.length > first.length ? [first, log] : [log, first];
  expect(odd).toHaveLength(HEADER + 3 * FRAME);
  for (let at = HEADER + frame * FRAME; at < HEADER + (frame + 1) * FRAME; at += 401) {
    const disk = new Disk([base, even, flip(odd, at)]);
    expect(() => storeOn(disk).load()).toThrow(
      expect.objectContaining({
        code: "STORAGE_FAILED",
        details: { storage: "shop", reason: "damaged", saved: frame },
      }),
    );
    expect(storeOn(disk).salvage()).toEqual(new Uint8Array(left === 0 ? 0 : BLOCK_BYTES).fill(left));
  }
});

test("a torn end is no damage: nobody was told that it is there", () => {
  const [base, even, odd] = written() as [Uint8Array, Uint8Array, Uint8Array];
  for (const cut of [1, 40, 60, 4_000])
    expect(storeOn(new Disk([base, even, odd.slice(0, -cut)])).load()).toEqual(new Uint8Array(BLOCK_BYTES).fill(2));
});

test("a header that is damaged is no empty database", () => {
  const [base, even, odd] = written() as [Uint8Array, Uint8Array, Uint8Array];
  for (let at = 0; at < HEADER; at += 7)
    expect(() => storeOn(new Disk([base, even, flip(odd, at)])).load()).toThrow(/^STORAGE_FAILED/);
  // Of a second log too, once it has frames that were kept.
  const [base2, first2, second2] = written(HEADER + 2 * FRAME) as [Uint8Array, Uint8Array, Uint8Array];
  expect(first2.length).toBeGreaterThan(HEADER);
  const after = new Disk([base2, first2, second2]);
  const store = storeOn(after);
  store.load();
  store.write({ sizeBytes: BLOCK_BYTES, blocks: new Map([[0, new Uint8Array(BLOCK_BYTES).fill(4)]]) }, true);
  const [, first3, second3] = after.files.map(({ content }) => content) as [Uint8Array, Uint8Array, Uint8Array];
  expect(() => storeOn(new Disk([base2, flip(first3, 9), second3])).load()).toThrow(/^STORAGE_FAILED/);
});

test("the log before the newest one may be damaged: the base has all of it", () => {
  const [base, first, second] = written(HEADER + 2 * FRAME) as [Uint8Array, Uint8Array, Uint8Array];
  for (let at = 0; at < second.length; at += 97)
    expect(storeOn(new Disk([base, first, flip(second, at)])).load()).toEqual(new Uint8Array(BLOCK_BYTES).fill(3));
});

test("files of another program are not touched", () => {
  const foreign = new Uint8Array(10_000).fill(7);
  const disk = new Disk([new Uint8Array(), new Uint8Array(), foreign]);
  expect(() => storeOn(disk).load()).toThrow(
    expect.objectContaining({ details: { storage: "shop", reason: "foreign" } }),
  );
  expect(disk.files[2]!.content).toEqual(foreign);
});

test("a log of a newer version is refused, and not touched", () => {
  const [base, even, odd] = written() as [Uint8Array, Uint8Array, Uint8Array];
  const newer = odd.slice();
  newer[4] = 2;
  const disk = new Disk([base, even, newer]);
  expect(() => storeOn(disk).load()).toThrow(
    expect.objectContaining({ details: { storage: "shop", reason: "newer" } }),
  );
  expect(disk.steps).toBe(0);
});

test("a plain SQLite file beside which there is no log is taken as it is", () => {
  const image = new Uint8Array(BLOCK_BYTES).fill(9);
  expect(storeOn(new Disk([image, new Uint8Array(), new Uint8Array()])).load()).toEqual(image);
});
