// The simulation as Stryker's runner uses it: in a thread, which goes on with the next mutant.

import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";

export const SIMULATION = "simulation";
const SCHEDULES = 120;
/** Of computing, for one schedule, which takes a few milliseconds. Not of time: a busy machine has none to give. */
const BUSY_MS = 3_000;
const LOOK_EVERY_MS = 1_000;

export class Simulation {
  #bundle;
  #thread;
  /** How many schedules have ended. */
  #played = new Int32Array(new SharedArrayBuffer(4));
  #cases = JSON.parse(readFileSync("test/simulation/seeds.json", "utf8"));

  /** @param number - of the process: each has a file of its own. */
  async init(number) {
    this.#bundle = `${process.cwd()}/schedules-${number}.mjs`;
    await build({
      // This was loaded elsewhere: what is bundled is the copy with the mutants.
      absWorkingDir: process.cwd(),
      entryPoints: ["test/mutation/schedules.ts"],
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      logLevel: "error",
      outfile: this.#bundle,
    });
  }

  /**
   * @param job.isStatic - what the mutant changes runs when its module is loaded.
   * @returns `failure`: what was noticed; `isHung`: by never ending; `coverage`: where all schedules came by.
   */
  async play(job) {
    if (job.isStatic) await this.dispose();
    const isFresh = !this.#thread;
    const verdict = await this.#ask(job);
    if (verdict.isDirty || job.isStatic) await this.dispose();
    // An earlier mutant may have left something behind in the thread.
    return verdict.isDirty && !isFresh && !verdict.isHung ? this.play(job) : verdict;
  }

  async dispose() {
    await this.#thread?.terminate();
    this.#thread = undefined;
  }

  #ask({ mutant, hitLimit, isStatic = false }) {
    const thread = (this.#thread ??= new Worker(this.#bundle, {
      workerData: { id: SIMULATION, cases: this.#cases, schedules: SCHEDULES, played: this.#played },
      env: { ...process.env, __STRYKER_ACTIVE_MUTANT__: isStatic ? mutant : "" },
      resourceLimits: { maxOldGenerationSizeMb: 1_000 },
    }));
    return new Promise((done) => {
      const broken = (failure) => end({ failure, isDirty: true });
      const listeners = {
        message: (verdict) => end(verdict),
        error: (error) => broken(String(error)),
        exit: () => broken("the thread ended"),
      };
      const watch = watchdog(this.#played, (failure) => end({ failure, isHung: true, isDirty: true }));
      const end = (verdict) => {
        clearInterval(watch);
        // Not removeAllListeners(): that takes away what a Worker itself listens to, and no message comes any more.
        for (const [name, listener] of Object.entries(listeners)) thread.off(name, listener);
        done(verdict);
      };
      for (const [name, listener] of Object.entries(listeners)) thread.on(name, listener);
      thread.postMessage({ mutant, hitLimit }, []);
    });
  }
}

/** Looks every now and then whether the thread gets on. */
function watchdog(played, isHung) {
  let count = -1;
  let before;
  return setInterval(() => {
    if (played[0] !== count) {
      count = played[0];
      before = process.cpuUsage();
    }
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1000 > BUSY_MS) isHung("a schedule computes for ever");
  }, LOOK_EVERY_MS);
}
