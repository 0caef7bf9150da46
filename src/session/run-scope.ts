import type { DeadlineOptions } from "./deadline.ts";
import type { Session, Work } from "./session.ts";

/**
 * Runs `work` in a session, or in a transaction inside of one: what it does is kept when it returns, and taken back when it
 * throws, or when its signal or deadline comes first.
 */
export async function runScope<T>(session: Session, work: Work<T>, options: DeadlineOptions): Promise<T> {
  const { unit, scope } = session;
  const { line, transaction } = unit;
  const { kind } = scope;
  const leave = kind === "nested" ? transaction.enter() : undefined;
  try {
    return await session.bounded(options, async () => {
      const value = await done(session, work);
      const { ended } = scope;
      session.seal();
      // Closed by its own work, or given up in the meantime.
      if (ended) return value;
      if (kind === "root") await session.keep();
      else {
        scope.refuseFailed();
        const refusal = transaction.refusal();
        if (refusal) throw refusal;
        // What flies may hold the savepoint: it must have landed before it is left.
        await line.idle();
        leave?.(true);
      }
      return value;
    });
  } catch (error) {
    stop(session, error);
    await line.idle();
    if (kind === "joined") {
      if (transaction.wanted) scope.bound.failure ??= { error };
    } else {
      if (leave) leave(false);
      else await unit.rollBack();
      unit.decide(scope, false);
    }
    throw error;
  }
}

/** Runs the work, and waits for what nobody awaited: transactions inside of it, statements, a `close()`. */
async function done<T>(session: Session, work: Work<T>): Promise<T> {
  const { unit, scope } = session;
  try {
    const value = await session.enter(work);
    await scope.inner;
    await Promise.all(unit.line.unsettled(scope).map(({ promise }) => promise));
    return value;
  } catch (error) {
    stop(session, error);
    throw error;
  }
}

// What waits when the work throws must not leave any more: told at once, not when the scope gets to know of it.
function stop(session: Session, error: unknown): void {
  const { unit, scope } = session;
  session.seal(error);
  unit.line.abort(scope, () => unit.closedError(error));
}
