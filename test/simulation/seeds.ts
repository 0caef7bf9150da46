// Schedules that failed once, small, and kept: `seeds.json` holds them with their programs, so that they stay what they were when
// the generator changes. `npm run simulate -- --seed S --keep` prints one.

import type { Program } from "./program.ts";

export interface Kept {
  /** What went wrong. */
  readonly about: string;
  readonly seed: number;
  /** Faults that are left out. */
  readonly drop: readonly string[];
  readonly program: Program;
}
