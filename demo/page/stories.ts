// The stories that the sessions view tells: what each shows, and the code that runs, taken from its own file.

import type { Database } from "../../src/index.ts";
import type { Chosen } from "./stories/chosen.ts";
import { abort } from "./stories/abort.ts";
import abortCode from "./stories/abort.ts?raw";
import { compete } from "./stories/compete.ts";
import competeCode from "./stories/compete.ts?raw";
import { deadlock } from "./stories/deadlock.ts";
import deadlockCode from "./stories/deadlock.ts?raw";
import { fail } from "./stories/fail.ts";
import failCode from "./stories/fail.ts?raw";
import { nest } from "./stories/nest.ts";
import nestCode from "./stories/nest.ts?raw";
import { retry } from "./stories/retry.ts";
import retryCode from "./stories/retry.ts?raw";

export interface Story {
  readonly id: string;
  readonly title: string;
  readonly teaser: string;
  /** What there is to see on the timeline. */
  readonly sight: string;
  /** Its file. */
  readonly file: string;
  /** @returns what came of it, in a sentence. */
  run(db: Database, signal: AbortSignal, chosen: Chosen): Promise<string>;
}

export const stories: readonly Story[] = [
  {
    id: "compete",
    title: "Start competing sessions",
    teaser: "Orders at the same moment, one connection.",
    sight:
      "One session holds the connection; the others wait in line, first come, first served. BEGIN travels with a session's first statement, so it costs no round trip.",
    file: competeCode,
    run: compete,
  },
  {
    id: "fail",
    title: "Start one that fails",
    teaser: "If the work throws, its rows are rolled back.",
    sight:
      "The work throws halfway through. The session rolls back, the error reaches the caller unchanged, and the count is unchanged.",
    file: failCode,
    run: fail,
  },
  {
    id: "abort",
    title: "Start one that is aborted",
    teaser: "An AbortSignal, while waiting and while working.",
    sight:
      "Three sessions want the connection. The second is aborted while it waits, the first is aborted while it works and rolled back, and the third gets its turn early.",
    file: abortCode,
    run: abort,
  },
  {
    id: "nest",
    title: "Nest a transaction",
    teaser: "A part fails, the rest goes on.",
    sight:
      "The inner transaction is a savepoint on the same connection. It is rolled back alone, with the next flight, and the outer one commits.",
    file: nestCode,
    run: nest,
  },
  {
    id: "retry",
    title: "Retry what lost a race",
    teaser: "It fails twice, then commits.",
    sight:
      "Each attempt is a session of its own and leaves nothing behind. Between attempts it waits for a random time, so that the losers of a race do not collide again.",
    file: retryCode,
    run: retry,
  },
  {
    id: "deadlock",
    title: "Provoke a deadlock",
    teaser: "A session that waits for itself, detected immediately.",
    sight:
      "The inner session would wait for the connection that its outer session holds. It fails immediately instead of waiting forever.",
    file: deadlockCode,
    run: deadlock,
  },
];
