import { bounded } from "./deadline.ts";
import { Command } from "./command.ts";
import { addCommit, addRollback, end, markUndone, type Part } from "./ending.ts";
import { turnError } from "./turn-error.ts";

/** What is done with a session's pending work when it is closed; `null`: undecided, so rolled back. */
export type Action<S> = "commit" | "rollback" | null | ((session: S) => unknown);

export interface CloseOptions {
  /** Closes the connection instead of pooling it. Default false. */
  readonly really?: boolean | undefined;
}

export function checkAction(action: unknown): void {
  if (typeof action !== "function" && !["commit", "rollback", null].includes(action as string))
    throw new TypeError(
      `Expected the action to be "commit", "rollback", null or a function, got \`${String(action)}\``,
    );
}

/** Implements `close()`. A second call waits for the first. */
export async function closePart<S extends Part>(
  session: S,
  action: Action<S>,
  isClosed: boolean,
  checkWhole: (part: Part, method: string) => void,
): Promise<void> {
  const { unit } = session;
  const { root } = unit;
  if (unit.closing || root.stage !== "open") {
    const isPending = unit.closing !== undefined || root.stage === "ending";
    // A callback at its end that closes it once more does not wait for itself.
    await (unit.closing ?? (root.stage === "ending" ? unit.ended() : undefined));
    // Given up, or failed: what was to be committed is not, and an action is not run.
    const isLate = action !== null && action !== "rollback" && root.cause;
    // The first close has rolled it back.
    if (isLate || (action === "commit" && isPending && root.hasUndone && root.fate !== "kept"))
      throw unit.closedError();
    return;
  }
  if (session.scope !== root || action === "commit") checkWhole(session, "close");
  let closed!: () => void;
  unit.closing = new Promise((resolve) => (closed = resolve));
  await root.hold(settleAndEnd(session, action, isClosed)).finally(closed);
}

/** Commits, and returns the connection. A session closed by `close()` goes on; one that has ended stays ended. */
export async function reconnectPart<S extends Part>(
  session: S,
  checkWhole: (part: Part, method: string) => void,
): Promise<void> {
  const { unit } = session;
  checkWhole(session, "reconnect");
  await unit.closing;
  if (unit.root.stage === "ended" && !unit.root.cause && !unit.isOver) unit.reopen();
  if (unit.root.stage !== "open") throw unit.closedError();
  const { root } = unit;
  await innerOf(session);
  try {
    const command = new Command<void>("commit", root, [], () => undefined);
    command.after = () => unit.holder.release();
    await session.line.add(command);
  } catch (error) {
    // Else somebody ends it already, and for a reason of their own.
    if (root.stage === "open") {
      root.seal({ error, isClose: true });
      await end(session, "failed", true);
    }
    throw error;
  }
}

async function settleAndEnd<S extends Part>(session: S, action: Action<S>, isClosed: boolean): Promise<void> {
  const { root } = session.unit;
  try {
    if (typeof action === "function") await runAction(session, action);
    else if (action === "commit") {
      await innerOf(session);
      await addCommit(session, root);
    } else {
      root.seal();
      markUndone(root);
      if (action) await addRollback(session, root);
    }
  } catch (error) {
    root.seal();
    root.cause ??= { error, isClose: true };
    await end(session, "failed", true);
    throw error;
  }
  await end(session, "done", isClosed);
}

async function runAction<S extends Part>(session: S, action: (session: S) => unknown): Promise<void> {
  const { unit, line } = session;
  await line.idle();
  if (!unit.holder.link) return;
  // It may close the session by itself, and does not wait for itself then.
  unit.closing = undefined;
  await new Promise<unknown>((resolve, reject) => {
    // One that never settles keeps nobody waiting for longer than the session's own deadline.
    void unit.ended().then(() => unit.root.cause && reject(unit.closedError()));
    void (async () => action(session))().then(resolve, reject);
  });
}

/**
 * Waits for the transactions inside: half of one must not be committed. One of them may wait for this in turn.
 *
 * @throws DbError `SESSION_CLOSED` when the session is given up meanwhile.
 */
async function innerOf({ unit, scope }: Part): Promise<void> {
  const { inner, parts } = scope;
  const { clock, limits } = unit.host;
  const timeoutMs = limits.acquireTimeoutMs;
  if (parts?.size)
    await bounded(
      { timeoutMs },
      clock,
      () => inner,
      () => turnError(timeoutMs),
    );
  // Also in the microtasks before this.
  if (scope.over) throw unit.closedError(scope);
}
