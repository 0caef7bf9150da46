// Several processes want one lock file at a time, and some die with it: one has it at any moment, and all get it in the end.

import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const ROUNDS = 200;

test("no two have it at once, also when they find the same dead owner", async () => {
  const folder = mkdtempSync(join(tmpdir(), "isopool-lock-race-"));
  const racer = fileURLToPath(new URL("lock-racer.mjs", import.meta.url));
  const runs = [1, 2, 3, 4, 5].map(async (number) => {
    const { stdout } = await promisify(execFile)(process.execPath, [racer, folder, String(number), String(ROUNDS)]);
    return JSON.parse(stdout) as unknown;
  });
  const counts = await Promise.all(runs);
  const died = Math.ceil(ROUNDS / 3);
  expect(counts).toEqual(Array.from({ length: 5 }, () => ({ taken: ROUNDS, died, overlaps: 0 })));
  // Nothing is left but the lock of one that died last, if one did.
  expect(readdirSync(folder).filter((file) => file !== "shop.sqlite-lock")).toEqual([]);
  rmSync(folder, { recursive: true });
});
