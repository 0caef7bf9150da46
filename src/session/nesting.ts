import { DbError } from "../errors.ts";
import { planTransaction, type Propagation } from "./propagation.ts";
import { runScope } from "./run-scope.ts";
import { runSession, type SessionOptions } from "./run-session.ts";
import { Scope } from "./scope.ts";
import { Session, type Work } from "./session.ts";

export interface TransactionOptions extends SessionOptions {
  /** What happens when there is a transaction already. Default `required`. */
  readonly propagation?: Propagation | undefined;
}

/** Runs a transaction inside a session: joined, nested in a savepoint, begun on it, or apart from it. */
export async function runTransaction<T>(session: Session, work: Work<T>, options: TransactionOptions): Promise<T> {
  const { unit, scope } = session;
  const { host, transaction } = unit;
  const plan = planTransaction(options.propagation, transaction.wanted !== undefined);
  if (plan === "apart" || plan === "apart-plain")
    return runSession(host, unit.owner, work, { ...options, transaction: plan === "apart" });
  refuseOthers(options, plan === "root" ? options : (transaction.wanted ?? {}));
  const inside = new Session(unit, new Scope(plan === "plain" ? "joined" : plan, scope));
  if (inside.scope.kind === "joined") return scope.hold(runScope(inside, work, options));
  // Those in a joined part too: it shares the savepoints of what it is a part of.
  const running = scope.bound.turn(
    async () => {
      session.checkOpen();
      if (plan === "root") transaction.wanted = options;
      try {
        return await runScope(inside, work, options);
      } finally {
        if (plan === "root") transaction.wanted = undefined;
      }
    },
    host.clock,
    host.limits.acquireTimeoutMs,
  );
  return scope.hold(running);
}

// What only the outermost transaction can decide is refused further in, not ignored.
function refuseOthers(options: TransactionOptions, outer: TransactionOptions): void {
  for (const name of ["isolationLevel", "accessMode", "retry"] as const) {
    if (options[name] === undefined || (name !== "retry" && options[name] === outer[name])) continue;
    const message = `\`${name}\` is for the outermost: give it there, or use "requires-new"`;
    throw new DbError("PROPAGATION_REFUSED", message, { propagation: options.propagation ?? "required" });
  }
}
