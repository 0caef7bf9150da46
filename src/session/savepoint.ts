import type { BeginOptions, MaybePromise } from "../contract/adapter.ts";
import { isDbError } from "../errors.ts";
import { asyncDisposable } from "../dispose.ts";
import { DEADLINE_OPTIONS, type DeadlineOptions } from "./deadline.ts";
import type { Part } from "./ending.ts";
import { BEGIN_OPTIONS, runInside } from "./nesting.ts";
import { quietly } from "./quiet.ts";
import { runScope } from "./run-scope.ts";
import type { Scope } from "./scope.ts";

/** How a savepoint begins where it is the session's first transaction; its signal or deadline takes it back. */
export interface SavepointOptions extends BeginOptions, DeadlineOptions {}

export const SAVEPOINT_OPTIONS: readonly (keyof SavepointOptions)[] = [...BEGIN_OPTIONS, ...DEADLINE_OPTIONS];

/** How its user ends it. */
export interface ByHand {
  /**
   * Keeps what was done in it, as a part of what is around it; where that is a plain session, commits.
   *
   * @throws DbError `SESSION_CLOSED` when it was taken back already; what its signal or deadline said; all that a transaction throws.
   */
  release(): Promise<void>;
  /** Takes back what was done in it. @throws DbError `SESSION_CLOSED` when it was released, and stays. */
  rollback(): Promise<void>;
}

/** A session's part that has no work to run, and none to end it. */
interface Held extends Part {
  carried<T>(promise: Promise<T>): Promise<T>;
}

const UNDO = new Error("rolled back by hand");

/**
 * Opens a transaction inside a session, to be ended by hand: `transaction()` turned inside out, whose work is to wait for
 * the decision.
 *
 * @param toPart - makes what the user is given.
 */
export function openSavepoint<P extends Held>(
  part: Part,
  name: string | undefined,
  options: SavepointOptions,
  toPart: (scope: Scope) => P,
): Promise<P> {
  const { unit, scope } = part;
  return new Promise((resolve, reject) => {
    let [keep, undo]: [() => void, (error: unknown) => void] = [] as never;
    const decision = new Promise<void>((...both) => ([keep, undo] = both));
    // Where it was not even opened, nobody waits for it.
    decision.catch(() => undefined);
    const decide = (error?: unknown): void => {
      scope.undecided?.delete(end);
      if (error) undo(error);
      else keep();
    };
    const end = (): void => decide(unit.closedError(scope));
    const run = (inner: Scope, turn: MaybePromise<void>): Promise<void> => {
      const opened = toPart(inner);
      const enter = (): Promise<void> => {
        if (inner.over) throw unit.closedError(inner);
        resolve(endedByHand(opened, decide, () => ended));
        return decision;
      };
      return runScope(opened, () => turn?.then(enter) ?? enter(), options);
    };
    const kind = !scope.isPlain ? "nested" : "transaction";
    const ended = runInside(part, kind, options, run, name).finally(() => scope.undecided?.delete(end));
    (scope.undecided ??= new Set()).add(end);
    // Before it was opened. Afterwards, its own methods report it.
    ended.catch(reject);
  });
}

function endedByHand<P extends Held>(part: P, decide: (error?: unknown) => void, ended: () => Promise<void>): P {
  const { unit, scope } = part;
  const settle = (error: Error | undefined, finish: (promise: Promise<void>) => Promise<void>): Promise<void> => {
    decide(error);
    return part.carried(quietly(finish(ended()), scope));
  };
  const release = async (promise: Promise<void>): Promise<void> => {
    try {
      await promise;
    } catch (error) {
      throw error === UNDO ? unit.closedError(scope) : error;
    }
  };
  const rollback = async (promise: Promise<void>): Promise<void> => {
    try {
      await promise;
    } catch (error) {
      if (isDbError(error, "COMMIT_UNKNOWN")) throw error;
      return;
    }
    throw unit.closedError(scope);
  };
  asyncDisposable({ prototype: part }, () => settle(UNDO, (promise) => promise.catch(() => undefined)));
  return Object.assign(part, { release: () => settle(undefined, release), rollback: () => settle(UNDO, rollback) });
}
