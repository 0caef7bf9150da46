// One schedule of databases, from its seed: makes the world, plays the program, and looks at the invariants.
//
// After every step:
// - one flight: a connection does one thing at a time, and nothing once it is closed (`connection.ts`).
// - closed is closed: what its driver calls closed is not lent; nothing is sent on what was closed.
// - in its transaction: each statement is executed in the transaction that it was asked in, or in none (`server.ts`).
// - clean: nobody sees what another session left in the connection; over is over: an ended session sends nothing.
// - setup, first hook: what must come before the first statement has, once for each connection, once for the server.
// - the server's rules: no BEGIN in a transaction, no savepoint that is not there.
// - executed once: no statement is executed twice, no row stored twice.
// - max: no more connections are open, or being opened, than the pool may have.
// - settles: every promise settles, by its deadline where it has one; no unhandled rejection that isopool causes.
// - result, own error wins, its own result: what a promise gives is what the work returned, threw, or asked for (`sessions.ts`, `statements.ts`).
// - refused: what must be refused is.
// - events: they pair up; first come, first served (`events.ts`).
// At rest: what was reported is what is stored (`oracle.ts`); nothing is lent, waited for or armed; every connection is closed
// once after `dispose()`, and none is opened after it.

import { programOf } from "./author.ts";
import { DatabasesStory } from "./databases-story.ts";
import { drawn } from "./dice.ts";
import type { Plant } from "./plant.ts";
import { PoolStory } from "./pool-story.ts";
import type { Program } from "./program.ts";
import { drained, install, Time } from "./time.ts";
import { unhandled } from "./unhandled.ts";
import { WorkersStory } from "./workers-story.ts";
import { type Lib, type Skipped, World } from "./world.ts";

export interface StoryOptions {
  readonly drop?: ReadonlySet<string>;
  readonly skip?: Skipped;
  readonly isTraced?: boolean;
  readonly plant?: Plant;
  /** Instead of the program of the seed: one that was kept. */
  readonly program?: Program;
}

export interface Told {
  readonly violations: World["violations"];
  readonly trace: readonly string[];
  /** What could be left out. */
  readonly chances: readonly string[];
  readonly program: unknown;
}

export async function story(lib: Lib, seed: number, options: StoryOptions = {}): Promise<Told> {
  const { drop, skip, isTraced, plant = {}, program: kept } = options;
  const time = new Time();
  const world = new World({
    lib: plant.lib?.(lib) ?? lib,
    seed,
    time,
    ...(drop && { drop }),
    ...(skip && { skip }),
    ...(isTraced && { isTraced }),
  });
  let drawnSoFar = 0;
  const uninstall = install(time, () => drawn(seed, ++drawnSoFar, 99));
  let program: unknown;
  try {
    unhandled.begin();
    const kind = kept ? "databases" : kindOf(seed);
    const schedule =
      kind === "pool"
        ? new PoolStory(world)
        : kind === "workers"
          ? new WorkersStory(world)
          : new DatabasesStory(world, kept ?? programOf(seed), plant);
    program = schedule.program;
    await schedule.run();
  } catch (error) {
    world.fail("the simulation", error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    // What a schedule that failed leaves under way ends with it.
    await drained();
    uninstall();
  }
  return { violations: world.violations, trace: world.trace ?? [], chances: [...world.chances], program };
}

/** A seed is of one kind of schedule. */
function kindOf(seed: number): "databases" | "pool" | "workers" {
  const dice = drawn(seed, 77);
  return dice < 0.06 ? "workers" : dice < 0.15 ? "pool" : "databases";
}
