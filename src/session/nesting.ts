import { DbError } from "../errors.ts";
import { Command } from "./command.ts";
import { rollBack, rollbackOnly, runBounded, sessionClosed } from "./life.ts";
import { planTransaction, type Propagation } from "./propagation.ts";
import { runSession, type SessionOptions } from "./run-session.ts";
import { Scope } from "./scope.ts";
import { Session } from "./session.ts";

export interface TransactionOptions extends SessionOptions {
  /** What happens when there is a transaction already. Default `required`. */
  readonly propagation?: Propagation | undefined;
}

type Work<T> = (session: Session) => T | Promise<T>;

/** Runs a transaction inside a session: joined, nested in a savepoint, begun on it, or apart from it. */
export async function runTransaction<T>(session: Session, work: Work<T>, options: TransactionOptions): Promise<T> {
  const { unit, scope } = session;
  const { host, transaction } = unit;
  const plan = planTransaction(options.propagation, transaction.wanted !== undefined);
  if (plan === "apart" || plan === "apart-plain") return runSession(host, unit, work, { ...options, transaction: plan === "apart" });
  if (plan !== "begin") refuseOthers(options, transaction.wanted ?? {});
  if (plan === "join" || plan === "plain") return runInside(session, new Scope("joined", scope), work, options);
  const inside = new Scope(plan === "nest" ? "nested" : "root", scope);
  return scope.turn(() => runInside(session, inside, work, options), host.clock, host.turnTimeoutMs);
}

async function runInside<T>(session: Session, scope: Scope, work: Work<T>, options: TransactionOptions): Promise<T> {
  const { unit } = session;
  const { line, transaction, due } = unit;
  const { kind } = scope;
  const outer = scope.parent!.bound;
  const leave = kind === "nested" ? transaction.enter() : undefined;
  if (kind === "root") transaction.wanted = options;
  try {
    const value = await runBounded(unit, options, () => new Session(unit, scope).enter(work), (reason) => line.abort(reason, scope));
    await line.drain(scope);
    const refusal = rollbackOnly(scope) ?? transaction.refusal();
    if (refusal !== undefined) throw refusal;
    if (kind === "root") await line.add(new Command("commit", scope));
    // What flies may hold the savepoint: it must have landed before it is left.
    else await line.idle();
    leave?.(true);
    (kind === "root" ? due : outer.onCommit).push(...scope.onCommit);
    if (kind === "nested") outer.onRollback.push(...scope.onRollback);
    return value;
  } catch (error) {
    line.abort(sessionClosed(unit, error), scope);
    await line.idle();
    leave?.(false);
    if (kind === "joined") outer.failure ??= { error };
    if (kind === "root") await rollBack(unit);
    due.push(...scope.onRollback);
    throw error;
  } finally {
    scope.isEnded = true;
    if (kind === "root") transaction.wanted = undefined;
  }
}

// What only the outermost transaction can decide is refused further in, not ignored.
function refuseOthers(options: TransactionOptions, outer: TransactionOptions): void {
  for (const name of ["isolationLevel", "accessMode", "retry"] as const) {
    if (options[name] === undefined || (name !== "retry" && options[name] === outer[name])) continue;
    const message = `\`${name}\` is for the transaction that begins: give it there, or use propagation "requires-new"`;
    throw new DbError("PROPAGATION_REFUSED", message, { propagation: options.propagation ?? "required" });
  }
}
