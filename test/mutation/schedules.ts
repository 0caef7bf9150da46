// Runs in a thread: the kept cases of the simulation, and schedules from seed 1, with one mutant after another.

import { parentPort, workerData } from "node:worker_threads";
import * as core from "../../src/index.ts";
import { withSession, workers } from "../../src/integrations/workers/index.ts";
import type { Kept } from "../simulation/seeds.ts";
import { story, type StoryOptions } from "../simulation/story.ts";
import { nameIsolate } from "../simulation/worker.ts";

/** What instrumented code looks at, and counts into. */
interface Stryker {
  activeMutant?: string | undefined;
  currentTestId?: string;
  hitCount?: number;
  hitLimit?: number | undefined;
  mutantCoverage?: unknown;
}

interface Job {
  readonly mutant: string | undefined;
  readonly hitLimit: number | undefined;
}

interface Verdict {
  readonly failure?: string;
  readonly isHung?: boolean;
  /** What may be at fault is an earlier mutant, which has left something behind here. */
  readonly isDirty?: boolean;
  readonly coverage?: unknown;
}

const { id, cases, schedules, played } = workerData as {
  readonly id: string;
  readonly cases: readonly Kept[];
  readonly schedules: number;
  /** Counts them, for who looks whether this gets on. */
  readonly played: Int32Array;
};
const lib = { ...core, workers, withSession };
const stryker = ((globalThis as { __stryker__?: Stryker }).__stryker__ ??= {});
const port = parentPort!;

const all: { readonly what: string; readonly seed: number; readonly options?: StoryOptions }[] = [
  ...cases.map(({ about, seed, drop, program }) => ({ what: about, seed, options: { drop: new Set(drop), program } })),
  ...Array.from({ length: schedules }, (_, at) => ({ what: `seed ${at + 1}`, seed: at + 1 })),
];

async function play({ mutant, hitLimit }: Job): Promise<Verdict> {
  Object.assign(stryker, { activeMutant: mutant, hitCount: 0, hitLimit });
  for (const { what, seed, options } of all) {
    const told = await settled(story(lib, seed, options));
    if (!told) return { failure: `${what}: it never ends`, isHung: true, isDirty: true };
    const [first] = told.violations;
    if (first) {
      stryker.activeMutant = undefined;
      const again = await settled(story(lib, seed, options));
      const isDirty = again?.violations.length !== 0;
      return { failure: `${what}: ${first.invariant}: ${first.message}`, isDirty };
    }
    played[0]!++;
  }
  return { coverage: mutant === undefined && stryker.mutantCoverage };
}

/** @returns `undefined` for one that never settles: a schedule waits for nothing real, so that something is always about to happen. */
function settled<T>(running: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    const look = setInterval(() => {
      if (!process.getActiveResourcesInfo().includes("Immediate")) end(undefined);
    }, 50);
    const end = (told: T | undefined): void => {
      clearInterval(look);
      resolve(told);
    };
    void running.then(end);
  });
}

// A stack for each error costs more than a schedule.
Error.stackTraceLimit = 0;
process.removeAllListeners("warning");
stryker.currentTestId = id;
nameIsolate(lib);
port.on("message", (job: Job) => void play(job).then((verdict) => port.postMessage(verdict)));
