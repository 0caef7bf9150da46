// How a session ends: once, on every path, and without losing the caller's error.

import { DbError } from "../errors.ts";
import { Command } from "./command.ts";
import { armDeadline, type DeadlineOptions } from "./deadline.ts";
import { connectionName } from "./names.ts";
import type { Scope } from "./scope.ts";
import type { Unit } from "./unit.ts";

// A rollback that gets no answer must not keep the caller from its own error; the connection is closed then.
const ROLLBACK_TIMEOUT_MS = 5_000;

export type Ending = "done" | "failed" | "aborted";

/** The error for whoever uses a session, or a transaction inside one, that has ended. */
export function sessionClosed(unit: Unit, cause?: unknown): DbError {
  const message = "the session, or the transaction inside it, has ended; await its statements before its work returns";
  return new DbError("SESSION_CLOSED", message, { session: connectionName(unit) }, { cause });
}

/** The error for committing what holds a part that failed, if it does. */
export function rollbackOnly({ failure, kind }: Scope): DbError | undefined {
  const message = "a transaction that had joined this one failed: this one can only be rolled back";
  return failure && new DbError("ROLLBACK_ONLY", message, { scope: kind }, { cause: failure.error });
}

/**
 * Runs `work` until it settles, or until its signal or deadline comes first.
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
    const disarm = armDeadline(options, "session", unit.host.clock, giveUp, () => false);
    // Called synchronously: some contexts are only current here.
    new Promise<T>((start) => start(work())).then(resolve, reject).finally(disarm);
  });
}

/** Rolls back what is open. A failure drops the connection, and is told as an event: the caller's error wins. */
export async function rollBack(unit: Unit): Promise<void> {
  try {
    if (unit.transaction.state !== "none") await unit.line.add(new Command("rollback", unit.root), { timeoutMs: ROLLBACK_TIMEOUT_MS });
  } catch (error) {
    unit.emit({ type: "error", session: unit.id, error, during: "rollback" });
  }
}

/** Ends a session: whatever is undecided is rolled back, the connection is given back, and the settle callbacks run. */
export async function endUnit(unit: Unit, ending: Ending, really = false): Promise<void> {
  if (unit.hasEnded) return;
  unit.hasEnded = true;
  unit.closed ??= () => sessionClosed(unit);
  unit.line.abort(unit.closed());
  await unit.line.idle();
  for (const stream of unit.streams) await Promise.resolve(stream.return()).catch(() => undefined);
  unit.streams.clear();
  await rollBack(unit);
  unit.due.push(...unit.root.onRollback);
  unit.release(really);
  unit.onEnd?.();
  if (unit.isTold) unit.emit({ type: "end", session: unit.id, outcome: ending });
  await runCallbacks(unit, ending);
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
