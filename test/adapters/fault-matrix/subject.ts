import { AsyncLocalStorage } from "node:async_hooks";
import {
  type AdapterFactory,
  asyncLocal,
  createDatabase,
  type Database,
  isDbError,
  shared,
} from "../../../src/index.ts";
import { JumpingClock } from "../../kit/jumping-clock.ts";
import type { Ending, Subject, Told } from "./stage.ts";

/** Deadline of a session, by the stage's clock; real time is the last resort alone. */
const SESSION_MS = 120_000;

export const ownError = new Error("the application's own error");

/** One unit of work, with a transaction inside that stays and one that is taken back. */
export async function interactive(db: Database, ending: Ending, refused: string, signal?: AbortSignal): Promise<void> {
  await db.session(
    async (session) => {
      await session.query("INSERT INTO goods VALUES (1)");
      await session.transaction((inner) => inner.query("INSERT INTO goods VALUES (2)"), { propagation: "nested" });
      const undone = session.transaction(
        async (inner) => {
          await inner.query("INSERT INTO goods VALUES (3)");
          throw ownError;
        },
        { propagation: "nested" },
      );
      await undone.catch((error: unknown) => {
        if (error !== ownError) throw error;
      });
      await session.query("INSERT INTO goods VALUES (4)");
      if (ending === "refused") await session.query(refused);
      if (ending === "rollback") throw ownError;
    },
    { signal },
  );
}

/** The same without a conversation: a read, and a list that is all or nothing. */
export async function batched(db: Database, ending: Ending, refused: string, signal?: AbortSignal): Promise<void> {
  await db.autocommit.query("SELECT n FROM goods", [], { signal });
  const inserts = [1, 2, 4].map((n) => `INSERT INTO goods VALUES (${n})`);
  await db.batch(ending === "commit" ? inserts : [...inserts, refused], { signal });
}

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

function toTold(error: unknown): Told {
  if (error === ownError) return "own error";
  if (isDbError(error) && error.outcome === "unknown" && /^(COMMIT_UNKNOWN|CONNECTION_LOST)$/.test(error.code))
    return "unknown";
  return `failed: ${String(error)}`;
}
