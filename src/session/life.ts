// How a session ends: once, on every path, and without losing the caller's error.

import { DbError } from "../errors.ts";
import { armDeadline, type DeadlineOptions, timeoutError } from "./deadline.ts";
import { Command } from "./command.ts";
import type { Unit } from "./unit.ts";

// A rollback that gets no answer must not keep the caller from its own error; the connection is closed then.
const ROLLBACK_TIMEOUT_MS = 5_000;

export type Ending = "done" | "failed" | "aborted";

/** The error for whoever uses a session that has ended. */
export function sessionClosed(unit: Unit, why: string, cause?: unknown): DbError {
  const session = connectionName(unit);
  const message = `the session ${why}; a statement must be awaited before the work returns`;
  return new DbError("SESSION_CLOSED", message, { session }, cause === undefined ? {} : { cause });
}

/** The error for committing what holds a failed part. */
export function rollbackOnly(scope: string, cause: unknown): DbError {
  const message = "a transaction that had joined this one failed, so this one can only be rolled back";
  return new DbError("ROLLBACK_ONLY", message, { scope }, { cause });
}

export function connectionName({ host: { number } }: Unit, what = "connection"): string {
  return `isopool_${what}_${number}_${isolate()}`;
}

let isolateId: string | undefined;

// Drawn at first use: Workers refuse random numbers while a module is loaded.
function isolate(): string {
  return (isolateId ??= Math.random().toString(36).slice(2, 10));
}

/**
 * Runs `work` until it settles, or until the session's signal or deadline comes first: then nothing more is sent for it.
 *
 * @param onGiveUp - told the reason, at that moment.
 */
export function runBounded<T>(unit: Unit, options: DeadlineOptions, work: () => T | Promise<T>, onGiveUp: (reason: unknown) => void): T | Promise<T> {
  if (options.signal === undefined && options.timeoutMs === undefined) return work();
  options.signal?.throwIfAborted();
  unit.isBounded = true;
  return new Promise<T>((resolve, reject) => {
    const giveUp = (reason: unknown): void => {
      onGiveUp(reason);
      reject(reason);
    };
    const disarm = armDeadline(options, unit.host.clock, giveUp, (ms) => timeoutError("session", ms, "not-executed"));
    // Synchronously: some contexts are only current here.
    const running = new Promise<T>((start) => start(work()));
    running.then(resolve, reject).finally(disarm);
  });
}

/** Rolls back what is open. A failure drops the connection, and is told as an event: the caller's error wins. */
export async function rollBack(unit: Unit): Promise<void> {
  const { state } = unit.transaction;
  if (state === "open" || state === "failed") {
    try {
      await unit.line.add(new Command("rollback", unit.root, [], () => undefined), { timeoutMs: ROLLBACK_TIMEOUT_MS });
    } catch (error) {
      unit.emit({ type: "error", session: unit.id, error, during: "rollback" });
    }
  }
  unit.due.push(...unit.root.onRollback.splice(0));
  unit.root.onCommit = [];
}

/** Ends a session: whatever is undecided is rolled back, the connection is given back, and the settle callbacks run. */
export async function endUnit(unit: Unit, ending: Ending, really = false): Promise<void> {
  if (unit.hasEnded) return;
  unit.hasEnded = true;
  unit.closed ??= () => sessionClosed(unit, "has ended");
  unit.line.abort(unit.closed());
  await unit.line.idle();
  for (const stream of unit.streams) await Promise.resolve(stream.return()).catch(() => undefined);
  unit.streams.clear();
  await rollBack(unit);
  unit.release(really);
  if (unit.isTold) unit.emit({ type: "end", session: unit.id, outcome: ending });
  try {
    await runCallbacks(unit, ending);
  } finally {
    unit.onEnd?.();
  }
}

// All of them run; the first failure is the caller's to see, unless it has an error of its own already.
async function runCallbacks(unit: Unit, ending: Ending): Promise<void> {
  const failures: unknown[] = [];
  for (const callback of unit.due.splice(0)) {
    try {
      await unit.host.context.run(unit.outside, callback);
    } catch (error) {
      failures.push(error);
      unit.emit({ type: "error", session: unit.id, error, during: "callback" });
    }
  }
  if (failures.length > 0 && ending === "done") throw failures[0];
}
