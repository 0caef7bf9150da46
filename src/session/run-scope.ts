import type { MaybePromise } from "../contract/adapter.ts";
import { isDbError } from "../errors.ts";
import { arm, type DeadlineOptions } from "./deadline.ts";
import { addCommit, end, type Ending, giveUp, markUndone, mayBeDone, type Part, rollBack, stop } from "./ending.ts";
import { markUnknown } from "./landing.ts";
import { rideOf, turns } from "./ride.ts";
import { type Cause, refuseFailed, refuseUndecided, type Scope } from "./scope.ts";
import { reasonOf } from "../signal.ts";

/** Turns from the end of a `close()` to those who await it. */
const PATIENCE = 8;

type Work<T> = () => MaybePromise<T>;

/** Runs until it settles, or until its signal or deadline gives up all that is within this scope. */
function bounded<T>(part: Part, work: Work<T>, options: DeadlineOptions): Promise<T> {
  const { line, unit } = part;
  line.isBounded = true;
  if (options.timeoutMs !== undefined) {
    line.isTimed = true;
    part.scope.until = Math.min(part.scope.until ?? Infinity, unit.host.clock.now() + options.timeoutMs);
  }
  return new Promise<T>((resolve, reject) => {
    if (options.signal?.aborted) throw reasonOf(options.signal);
    const given = (reason: unknown): void => {
      const told = giveUp(part, reason);
      if (told) reject(told.error);
    };
    const disarm = arm(options, "session", unit.host.clock, given, () => mayBeDone(part));
    // Called synchronously: some contexts are only current here.
    void runScope(part, work, options, true).then(resolve, reject).then(disarm);
  });
}

/**
 * Runs `work` in a session, or in a transaction inside one: what it does is kept when it returns, and taken back when it
 * throws, or when its signal or deadline comes first. A session ends with it.
 *
 * No async function: each would hold half a kilobyte while its work waits, and two functions that know their part hold 96 bytes.
 *
 * @param isInner - inside the one that gives it up and then takes back what it has done: when its time is over.
 */
export function runScope<T>(part: Part, work: Work<T>, options: DeadlineOptions, isInner?: boolean): Promise<T> {
  const bounds = !isInner && (options.signal ?? options.timeoutMs) !== undefined ? options : undefined;
  let awaited: Promise<unknown>;
  try {
    awaited = bounds ? bounded(part, work, bounds) : Promise.resolve(begin(part, work));
  } catch (error) {
    return fail.call(part, error, bounds, isInner);
  }
  if (!bounds && !isInner) return awaited.then(conclude.bind(part), fail.bind(part)) as Promise<T>;
  return awaited.then(
    (value) => conclude.call(part, value, bounds, isInner) as Promise<T>,
    (error) => fail.call(part, error, bounds, isInner),
  );
}

function fail(this: Part, error: unknown, bounds?: DeadlineOptions, isInner?: boolean): Promise<never> {
  return conclude.call(this, undefined, bounds, isInner, { error }) as Promise<never>;
}

/**
 * Keeps what the work has done, or takes it back. One function, and not three that await each other.
 *
 * @param bounds - what has bounded the work, and kept what it did.
 */
async function conclude(
  this: Part,
  value: unknown,
  bounds?: DeadlineOptions,
  isInner?: boolean,
  failure?: Cause,
): Promise<unknown> {
  let { scope } = this;
  let awaited: PromiseLike<unknown> | undefined;
  let ending: Ending = "failed";
  try {
    if (failure) throw failure.error;
    awaited = !bounds && Array.isArray(value) ? rideOf(this, value) : undefined;
    if (awaited) value = await awaited;
    if (!bounds && !scope.ride?.isDone) {
      if (scope.ride?.isAboard) throw this.unit.closedError(scope);
      // What nobody awaited is waited for, and so is what began meanwhile: transactions inside it, statements, a `close()`.
      do {
        ({ scope } = this);
        refuseUndecided(scope);
        awaited = scope.inner;
        await awaited;
        await settled(this, scope);
      } while (awaited !== scope.inner || scope !== this.scope);
      awaited = settle(this, scope);
      if (awaited) await awaited;
    }
    ending = "done";
    return value;
  } catch (error) {
    if (bounds?.signal?.aborted || isDbError(error, "QUERY_TIMEOUT")) ending = "aborted";
    // What waits when the work throws must not leave any more: rejected at once, not when the scope gets to know of it.
    stop(this, error);
    if (!isInner) await takeBack(this, error);
    throw error;
  } finally {
    if (!isInner && this.scope.kind === "root") await finish(this, ending);
  }
}

/** @returns what to await for what the work has returned. */
function begin<T>(part: Part, work: Work<T>): PromiseLike<unknown> {
  part.scope.isWorking = true;
  const returned = work();
  return rideOf(part, returned) ?? (returned as PromiseLike<T>);
}

/** What was asked in it and has no answer yet; `undefined`: nothing. */
function settled({ line }: Part, scope: Scope): Promise<unknown> | undefined {
  const unsettled = line.unsettled(scope);
  return unsettled.length > 0 ? Promise.all(unsettled.map(({ promise }) => promise)) : undefined;
}

/** Its work is done. From here to the COMMIT in the line, or to the fate of a part, nothing may come in between. */
function settle(part: Part, scope: Scope): Promise<void> | undefined {
  scope.isWorking = false;
  const { over, kind } = scope;
  // A session that its own work has closed is done. Anything else was given up in the meantime.
  if (over && (kind !== "root" || (over.cause && !over.cause.isClose)))
    throw part.unit.closedError(scope, scope.fate === "unknown");
  if (over) return undefined;
  if (kind === "root" || kind === "transaction") return addCommit(part, scope);
  keep(part, scope);
  return undefined;
}

/** The work of a session is over, and so is the session. */
function finish(part: Part, ending: Ending): Promise<void> {
  const { unit } = part;
  unit.isOver = true;
  // Who has closed it hears of that first.
  return unit.ending ? end(part, ending).then(() => turns(PATIENCE)) : end(part, ending);
}

/** @throws DbError `ROLLBACK_ONLY` | `TRANSACTION_LOST` when it cannot be kept. */
function keep(part: Part, scope: Scope): void {
  scope.seal();
  refuseFailed(scope);
  const refusal = part.unit.transaction.refusal(scope);
  if (refusal) throw refusal;
  scope.fate = "kept";
  leave(part);
}

async function takeBack(part: Part, error: unknown): Promise<void> {
  const { unit, line, scope } = part;
  const { kind } = scope;
  if (kind === "joined") {
    if (!scope.isPlain) scope.bound.failure ??= { error };
    else unit.callbacks?.decide(scope, isDbError(error, "COMMIT_UNKNOWN") ? "unknown" : "undone");
    leave(part);
    return;
  }
  // Without a transaction of its own, all that can be said of it is what its failed part says.
  if (scope.isPlain && isDbError(error, "COMMIT_UNKNOWN")) markUnknown(unit, scope);
  const fate = markUndone(scope);
  // What has sent nothing does not wait for what flies beside it.
  const isBegun = unit.transaction.holds(scope) || line.isFlying(scope);
  if (kind !== "nested" && isBegun) await rollBack(part, scope);
  if (fate === "undone") unit.callbacks?.decide(scope, fate);
  leave(part);
}

/** A part has ended: what waits for its turn in the session may go on. */
function leave({ scope, line }: Part): void {
  if (scope.kind === "root") return;
  scope.stage = "ended";
  line.wake();
}
