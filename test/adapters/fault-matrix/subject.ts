import { AsyncLocalStorage } from "node:async_hooks";
import { type AdapterFactory, asyncLocal, createDatabase, isDbError, shared } from "../../../src/index.ts";
import type { JumpingClock } from "../../kit/jumping-clock.ts";
import type { Subject } from "./stage.ts";
import { batched, interactive, toTold } from "./work.ts";

/** Deadline of a session, by the stage's clock; real time is the last resort alone. */
const SESSION_MS = 120_000;

export interface SubjectOptions {
  readonly url: string;
  readonly adapter: AdapterFactory;
  readonly clock: JumpingClock;
  readonly setup?: readonly string[];
  /** What the database cannot keep. */
  readonly refused: string;
  readonly work?: typeof interactive;
}

/** A database in this process. */
export function openSubject({ url, adapter, clock, setup, refused, work = interactive }: SubjectOptions): Subject {
  const db = createDatabase(url, {
    adapters: [adapter],
    context: asyncLocal(AsyncLocalStorage),
    runtime: { ...shared(), clock },
    setup: setup ?? ["SELECT 'setup'"],
    afterConnection: async (connection) => void (await connection.query("SELECT 'hook'")),
    defaults: { timeoutMs: SESSION_MS },
    pool: { max: 2, acquireTimeoutMs: SESSION_MS, openTimeoutMs: SESSION_MS },
  });
  return {
    work: (ending, signal) =>
      work(db, ending, refused, signal).then(
        () => "done",
        (error: unknown) => {
          // A lone statement's caller who gives up while it is on its way has said by that that he need not know.
          const isGivenUp =
            error === signal?.reason || (isDbError(error, "QUERY_TIMEOUT") && error.outcome === "unknown");
          return work === batched && isGivenUp ? "unknown" : toTold(error);
        },
      ),
    busy: () => {
      const { busy, waiting, opening } = db.stats();
      return busy + waiting + opening > 0 ? [`busy ${busy}, waiting ${waiting}, opening ${opening}`] : [];
    },
    dispose: () => db.dispose(),
  };
}

/** Sets a clock behind every deadline. */
export function passDeadlines(clock: JumpingClock): void {
  clock.jump(SESSION_MS + 1);
}
