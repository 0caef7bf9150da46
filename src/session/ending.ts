// How a unit of work ends: its commands, its transaction, its connection, its callbacks, in this order.

import type { Callbacks } from "./callbacks.ts";
import type { Fate } from "./scope.ts";
import type { Line } from "./line.ts";
import { isDbError } from "../errors.ts";
import { Command } from "./command.ts";
import { unknownError } from "./landing.ts";
import type { Scope } from "./scope.ts";
import type { Unit } from "./unit.ts";

// A rollback that gets no answer must not keep the caller from its own error; the connection is closed then.
const ROLLBACK_TIMEOUT_MS = 5_000;

/** A session, or a transaction inside it, as far as its running and its end need it. */
export interface Part {
  readonly unit: Unit;
  readonly line: Line;
  readonly scope: Scope;
}

export type Ending = "done" | "failed" | "aborted";

/** Nothing more is asked or sent in this scope. What was asked has no answer: `toError` makes its error. */
export function stop({ unit, line, scope }: Part, cause: unknown): void {
  scope.seal({ error: cause });
  line.abort(scope, (isFlying) => unit.closedError(scope, isFlying));
}

/**
 * Gives up what is within this scope: nothing more is sent for it, and what flies is cancelled.
 *
 * @returns the error that the caller gets; `undefined`: too late, its fate is known, or known to be unknown.
 */
export function giveUp({ unit, line, scope }: Part, reason: unknown): { readonly error: unknown } | undefined {
  if (scope.fate !== "open" && !scope.isWorking) return undefined;
  scope.seal({ error: reason });
  const error = line.abort(scope, () => reason) ?? reason;
  const isPlain = error === reason && !isDbError(reason, "QUERY_TIMEOUT");
  // The reason alone says that all was rolled back; a COMMIT that its work has asked for was the last thing done.
  const isKept = scope === unit.root && !scope.isPlain && unit.hasKept && !unit.transaction.isOpen;
  return { error: isPlain && isKept ? unknownError(unit, reason) : error };
}

/** Something was committed, or sent outside of a transaction: it is there to stay, or may be. */
export function mayBeDone({ unit, scope }: Part): boolean {
  return unit.hasKept || (scope.isPlain && unit.holder.link !== undefined);
}

/** What was done in this scope is taken back, unless its fate is known. */
export function markUndone(scope: Scope): Fate {
  if (scope.fate === "open") scope.fate = "undone";
  return scope.fate;
}

/** Asks for the commit at the end of a scope, which takes no more statements. */
export function addCommit({ line }: Part, scope: Scope): Promise<void> {
  scope.seal();
  const command = new Command<void>("commit", scope, [], () => undefined);
  command.isEnd = true;
  return line.add(command);
}

/** Asks for the rollback at the end of a scope, which waits for none of its parts. */
export function addRollback({ line }: Part, scope: Scope): Promise<void> {
  const command = new Command("rollback", scope, [], () => undefined);
  command.isLast = true;
  return line.add(command, { timeoutMs: ROLLBACK_TIMEOUT_MS });
}

/** Rolls back what is open. A failure drops the connection, and is reported as an event: the caller's error wins. */
export async function rollBack(part: Part, scope: Scope): Promise<void> {
  try {
    await addRollback(part, scope);
  } catch (error) {
    part.unit.reportError(error, "rollback");
    part.unit.holder.drop(error);
  }
}

/** Ends the session, once, on every path; a second call waits for the first. */
export function end(part: Part, ending: Ending, isClosed = false): Promise<void> {
  const { unit } = part;
  return unit.ending?.catch(() => undefined) ?? (unit.ending = endOnce(part, ending, isClosed));
}

// Rolls back what is undecided, gives the connection back, runs the settle callbacks.
async function endOnce(part: Part, ending: Ending, isClosed: boolean): Promise<void> {
  const { unit, line } = part;
  const { root, transaction, holder, host } = unit;
  root.seal();
  line.abort(root, (isFlying) => unit.closedError(root, isFlying));
  await line.idle();
  markUndone(root);
  if (transaction.isOpen) await rollBack(part, root);
  await holder.release(isClosed);
  unit.callbacks?.decide(root, "undone");
  unit.finish();
  if (unit.isReported) host.emit?.({ type: "end", session: unit.owner.id, outcome: ending, error: root.cause?.error });
  // A callback that closes the session once more does not wait for itself.
  unit.closing = undefined;
  if (unit.callbacks) await callBack(unit, unit.callbacks, ending);
}

// All callbacks run; the first failure is the caller's to see, unless it has an error of its own already.
async function callBack(unit: Unit, callbacks: Callbacks, ending: Ending): Promise<void> {
  const failures: unknown[] = [];
  for (const call of callbacks.take()) {
    try {
      await unit.host.context.run(unit.outside, call);
    } catch (error) {
      failures.push(error);
      unit.reportError(error, "callback");
    }
  }
  if (failures.length > 0 && ending === "done") throw failures[0];
}
