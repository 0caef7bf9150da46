import type { DeadlineOptions } from "./deadline.ts";
import type { Session, Work } from "./session.ts";

/**
 * Runs `work` in a session, or in a transaction inside of one: what it does is kept when it returns, and taken back when it
 * throws, or when its signal or deadline comes first.
 */
export async function runScope<T>(session: Session, work: Work<T>, options: DeadlineOptions): Promise<T> {
  const { unit, scope } = session;
  const { line, transaction } = unit;
  const { kind, parent } = scope;
  const leave = kind === "nested" ? transaction.enter() : undefined;
  try {
    return await session.bounded(options, async () => {
      const value = await begun(session, work);
      await line.drain(scope);
      await unit.closing?.catch(() => undefined);
      // Closed by its own work, or given up in the meantime.
      if (scope.ended) return value;
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
    line.abort(scope, () => unit.closedError(error));
    await line.idle();
    if (kind === "joined") {
      if (transaction.wanted) scope.bound.failure ??= { error };
    } else if (!parent?.ended) {
      if (leave) leave(false);
      else await unit.rollBack();
      unit.decide(scope, false);
    }
    throw error;
  } finally {
    scope.end ??= {};
  }
}

// What waits when the work throws must not leave any more: told at once, not when the scope gets to know of it.
async function begun<T>(session: Session, work: Work<T>): Promise<T> {
  const { unit, scope } = session;
  try {
    return await session.enter(work);
  } catch (error) {
    unit.line.abort(scope, () => unit.closedError(error));
    throw error;
  }
}
