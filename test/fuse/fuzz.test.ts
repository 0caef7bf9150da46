// Promise: a fused program cannot be told from the one that it was made of, whatever fails. `npm run fuzz:fuse` runs 10,000 of them.

import { expect, test } from "vitest";
import { programOf } from "./author.ts";
import { differs } from "./run.ts";

const PROGRAMS = Number(process.env["PROGRAMS"] ?? 100);
const FROM = Number(process.env["FROM"] ?? 1);

test("random programs give, store, log and throw what they did, with each statement failing and each request lost", async () => {
  for (let seed = FROM; seed < FROM + PROGRAMS; seed++) {
    const text = programOf(seed);
    const found = await differs(text);
    expect(found, `seed ${seed}:\n${text}\n`).toBe(undefined);
  }
}, 3_600_000);
