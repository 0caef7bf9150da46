// Runs many programs, outside of any test runner: `npm run fuzz:fuse`.

import { programOf } from "./author.ts";
import { rules } from "./rules.ts";
import { differs, load, ours, fused, run, type Fuse } from "./run.ts";

export async function fuzz(from: number, count: number, fuse: Fuse = ours): Promise<string | undefined> {
  for (let seed = from; seed < from + count; seed++) {
    const text = programOf(seed);
    const found = await differs(text, fuse).catch((error: unknown) => String(error));
    if (found) return `seed ${seed}: ${found}\n${text}`;
  }
  return undefined;
}

/** The first rule whose program can be told from the one that it was made of. */
export async function broken(fuse: Fuse = ours): Promise<string | undefined> {
  for (const [name, text] of Object.entries(rules)) {
    const found = await differs(text, fuse).catch((error: unknown) => String(error));
    if (found) return `${name}: ${found}`;
  }
  return undefined;
}

/** Requests of programs as written, and fused. */
export async function counted(from: number, count: number): Promise<readonly [plain: number, fused: number]> {
  let [plain, other] = [0, 0];
  for (let seed = from; seed < from + count; seed++) {
    const text = programOf(seed);
    plain += (await run((tools) => load(text, undefined, tools), {})).requests;
    other += (await run((tools) => load(fused(text), ours.abi, tools), {})).requests;
  }
  return [plain, other];
}
