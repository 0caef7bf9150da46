import type { Owner } from "../contract/events.ts";
import { DbError } from "../errors.ts";
import { Connection } from "./connection.ts";
import { bounded } from "./deadline.ts";
import { end, stop } from "./ending.ts";
import type { HookTurn } from "./first-hook.ts";
import type { Host } from "./host.ts";
import { type Link, toSetup } from "./link.ts";
import { Session } from "./session.ts";
import type { Source } from "./source.ts";
import { Unit } from "./unit.ts";

/** Called with each new connection, before its first statement. */
export type Hook = (connection: Connection) => void | Promise<void>;

/** Runs the hooks on this very connection in the order of PyDAL, then puts the adapter's and the user's setup ahead of the first statement. */
export async function prepareLink(
  source: Source<Hook>,
  host: Host,
  link: Link,
  owner: Owner,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { afterFirstConnection, afterConnection, setup } = source.options;
  if (afterFirstConnection ?? afterConnection) await runHooks(source, host, link, owner, signal);
  link.setup.push(...toSetup([...link.driver.setup, ...setup]));
  link.isPrepared = true;
}

async function runHooks(
  source: Source<Hook>,
  host: Host,
  link: Link,
  owner: Owner,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { firstHook } = source;
  const { afterFirstConnection, afterConnection } = source.options;
  const { acquireTimeoutMs, openTimeoutMs } = host.limits;
  const within = <T>(timeoutMs: number, what: string, work: () => Promise<T>): Promise<T> =>
    bounded({ signal, timeoutMs }, host.clock, work, (reason) =>
      signal?.aborted ? reason : hookError(source, `${what} ${timeoutMs} ms`),
    );
  const turn: HookTurn = { isOver: false };
  const session = new Session(new Unit(host, owner, {}, link));
  // Its deadline cancels what is in flight: the connection may belong to a caller who goes on using it.
  session.line.isBounded = true;
  const run = hookRunner(session, source, link);
  let isFirst = false;
  let queued = 0;
  try {
    if (afterFirstConnection)
      isFirst = await within(acquireTimeoutMs, "the first connection's hook took over", () => firstHook.wait(turn));
    await within(openTimeoutMs, "a hook took over", async () => {
      if (isFirst) await run(afterFirstConnection);
      queued = link.setup.length;
      await run(afterConnection);
    });
  } catch (error) {
    firstHook.end(turn, false);
    // A hook that keeps running must not get a connection that was closed or lent to another session.
    stop(session, error);
    // Not awaited: its flight may be the one that gets no answer.
    void end(session, "failed").catch(() => undefined);
    throw error;
  }
  await end(session, "done");
  // Its queued statements are part of it: it is done when they are.
  if (isFirst && queued > 0) link.onSetUp = (isDone) => firstHook.end(turn, isDone);
  else if (isFirst) firstHook.end(turn, true);
}

function hookRunner(session: Session, source: Source<Hook>, link: Link): (hook: Hook | undefined) => Promise<void> {
  // For all databases that share the source: whichever the hook uses, it gets this connection.
  const frame = { owner: source, session, parent: undefined };
  return async (hook) => {
    await session.unit.host.context.run(frame, () => hook?.(new Connection(session, link)));
    await session.line.idle();
  };
}

function hookError({ adapter }: Source<Hook>, message: string): DbError {
  return new DbError("CONNECT_FAILED", message, { adapter: adapter.name }, { retryable: true });
}
