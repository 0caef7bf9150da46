import type { BeginOptions } from "../contract/adapter.ts";
import { DbError } from "../errors.ts";
import { Command } from "./command.ts";
import { checkDeadline } from "./deadline.ts";
import { rollBack, rollbackOnly, runBounded, sessionClosed } from "./life.ts";
import { type Plan, planTransaction, type Propagation } from "./propagation.ts";
import { Scope, type ScopeKind } from "./scope.ts";
import type { SessionOptions } from "./run-session.ts";
import { runSession } from "./run-session.ts";
import { Session } from "./session.ts";

export interface TransactionOptions extends SessionOptions {
  /** What happens when there is a transaction already. Default `required`. */
  readonly propagation?: Propagation | undefined;
}

type Work<T> = (session: Session) => T | Promise<T>;

const KINDS: Partial<Record<Plan, ScopeKind>> = { join: "joined", plain: "joined", nest: "nested", begin: "root" };

/** Runs a transaction inside a session: joined, nested in a savepoint, begun on it, or apart from it. */
export async function runTransaction<T>(session: Session, work: Work<T>, options: TransactionOptions): Promise<T> {
  const { unit, scope } = session;
  const { propagation = "required" } = options;
  checkDeadline(options);
  const inner = innermost(session);
  if (inner !== session) return runTransaction(inner, work, options);
  const plan = planTransaction(propagation, unit.transaction.isWanted);
  const kind = KINDS[plan];
  if (kind === undefined) {
    return runSession(unit.host, unit, work, { ...options, transaction: plan === "apart" });
  }
  if (kind !== "root") refuseOthers(options, unit.transaction.options, propagation);
  const inside = new Scope(kind, scope, kind === "nested" ? `isopool_${++unit.savepoints}` : "");
  if (kind === "joined") return runInside(session, inside, work, options);
  const { host } = unit;
  return scope.turn(() => runInside(session, inside, work, options), host.clock, host.turnTimeoutMs);
}

// Work that was handed an inner session, but calls transaction() on the outer one, means the inner one: where the context
// can tell, it is taken for that instead of waiting for itself to end.
function innermost(session: Session): Session {
  const { context, database } = session.unit.host;
  for (let frame = context.current(); frame !== undefined; frame = frame.parent) {
    if (frame.owner !== database) continue;
    const here = frame.session as Session;
    const isInner = here.unit === session.unit && !here.scope.isEnded && here.scope.isInside(session.scope);
    return isInner ? here : session;
  }
  return session;
}

async function runInside<T>(session: Session, scope: Scope, work: Work<T>, options: TransactionOptions): Promise<T> {
  const { unit } = session;
  const { line, transaction } = unit;
  const child = new Session(unit, scope);
  const { isolationLevel, accessMode } = options;
  if (scope.kind === "root") transaction.want({ isolationLevel, accessMode });
  try {
    const value = await runBounded(unit, options, () => child.enter(work), (reason) => line.abort(reason, scope));
    await line.drain(scope);
    if (scope.failure !== undefined) throw rollbackOnly(scope.kind, scope.failure.error);
    const refusal = transaction.refusal();
    if (refusal !== undefined && transaction.isWanted) throw refusal;
    await succeed(scope, session);
    return value;
  } catch (error) {
    line.abort(sessionClosed(unit, "has ended", error), scope);
    await line.idle();
    await fail(scope, session, error);
    throw error;
  } finally {
    scope.isEnded = true;
    if (scope.kind === "root") transaction.want(undefined);
  }
}

async function succeed(scope: Scope, { unit }: Session): Promise<void> {
  const { line, transaction, due } = unit;
  if (scope.kind === "root") {
    await line.add(new Command("commit", scope, [], () => undefined));
    due.push(...scope.onCommit);
  } else if (scope.kind === "nested") {
    await line.idle();
    transaction.leave(scope, "release");
    const outer = scope.parent!.bound;
    outer.onCommit.push(...scope.onCommit);
    outer.onRollback.push(...scope.onRollback);
  }
}

async function fail(scope: Scope, { unit }: Session, error: unknown): Promise<void> {
  if (scope.kind === "joined") {
    scope.bound.failure ??= { error };
    return;
  }
  if (scope.kind === "root") await rollBack(unit);
  else unit.transaction.leave(scope, "rollback-to");
  unit.due.push(...scope.onRollback);
}

// What only the outermost transaction can decide is refused further in, not ignored.
function refuseOthers(options: TransactionOptions, outer: BeginOptions, propagation: Propagation): void {
  for (const name of ["isolationLevel", "accessMode"] as const) {
    if (options[name] === undefined || options[name] === outer[name]) continue;
    const message = `the transaction has begun, its \`${name}\` stays: use propagation "requires-new"`;
    throw new DbError("PROPAGATION_REFUSED", message, { propagation });
  }
  if (options.retry !== undefined) {
    const message = "only the outermost transaction can be done again: give `retry` to it";
    throw new DbError("PROPAGATION_REFUSED", message, { propagation });
  }
}
