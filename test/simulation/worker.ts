// What runs in a process of its own: a part of the schedules, one of them with its trace, or one that is made smaller. It prints
// lines of JSON.

import { findPlants } from "./plants-run.ts";
import { pruned, shrink } from "./shrink.ts";
import type { Kept } from "./seeds.ts";
import { story } from "./story.ts";
import { wallClock } from "./time.ts";
import type { Lib } from "./world.ts";

export type Job =
  | {
      readonly kind: "run";
      readonly from: number;
      readonly count: number;
      readonly step: number;
      readonly skip: readonly string[];
      /** Ends after so many failures. */
      readonly most: number;
    }
  | { readonly kind: "plants"; readonly skip: readonly string[]; readonly at: number; readonly of: number }
  | { readonly kind: "kept"; readonly skip: readonly string[]; readonly cases: readonly Kept[] }
  | {
      readonly kind: "show" | "shrink";
      readonly seed: number;
      readonly skip: readonly string[];
      readonly drop: readonly string[];
    };

export async function work(lib: Lib, job: Job): Promise<void> {
  // A stack for each error costs more than a schedule.
  Error.stackTraceLimit = 0;
  process.removeAllListeners("warning");
  nameIsolate(lib);
  const skip = new Set(job.skip);
  if (job.kind === "run") return run(lib, job, skip);
  if (job.kind === "plants") return findPlants(lib, skip, job, (found) => console.log(JSON.stringify(found)));
  if (job.kind === "kept") {
    for (const { about, seed, drop, program } of job.cases) {
      const { violations } = await story(lib, seed, { skip, drop: new Set(drop), program });
      console.log(JSON.stringify({ about, violations }));
    }
    return;
  }
  const drop = new Set(job.drop);
  if (job.kind === "show") {
    const { violations, trace } = await story(lib, job.seed, { skip, drop, isTraced: true });
    return console.log(JSON.stringify({ violations, trace, drop: job.drop }));
  }
  const { drop: dropped, told } = await shrink(lib, job.seed, { skip, drop });
  const { violations, trace, program } = told;
  const kept = {
    seed: job.seed,
    drop: dropped.filter((name) => !name.startsWith("step")),
    program: pruned(program, new Set(dropped)),
  };
  console.log(JSON.stringify({ violations, trace, drop: dropped, kept }));
}

async function run(
  lib: Lib,
  { from, count, step, most }: Extract<Job, { kind: "run" }>,
  skip: ReadonlySet<string>,
): Promise<void> {
  const startedAt = wallClock();
  let failed = 0;
  let ran = 0;
  for (let seed = from; ran < count && failed < most; seed += step) {
    const { violations } = await story(lib, seed, { skip });
    ran++;
    const [first] = violations;
    if (!first) continue;
    failed++;
    console.log(JSON.stringify({ seed, ...first }));
  }
  console.log(JSON.stringify({ ran, failed, ms: wallClock() - startedAt }));
}

/** The isolate draws its name once: not in the first schedule, which would be another one then. */
export function nameIsolate(lib: Lib): void {
  const adapters = [{ schemes: ["sim"], identity: [], create: () => ({}) as never }];
  const session = lib.createDatabase("sim:name", { adapters }).open();
  if (session.connectionName === "") throw new Error("a session has no name");
}
