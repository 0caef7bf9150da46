import type { Owner } from "../contract/events.ts";
import { DbError } from "../errors.ts";
import { Connection } from "./connection.ts";
import { bounded } from "./deadline.ts";
import { end } from "./ending.ts";
import type { Host } from "./host.ts";
import { type Link, toSetup } from "./link.ts";
import { Session } from "./session.ts";
import type { Source } from "./source.ts";
import { Unit } from "./unit.ts";

/** Called with each fresh connection, before its first statement. */
export type Hook = (connection: Connection) => void | Promise<void>;

/** Runs the hooks in the order of PyDAL, then puts the adapter's and the user's setup ahead of the first statement. */
export async function prepareLink(
  source: Source<Hook>,
  host: Host,
  link: Link,
  owner: Owner,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { firstHook } = source;
  const { afterFirstConnection, afterConnection, setup } = source.options;
  const { acquireTimeoutMs, openTimeoutMs } = host.limits;
  const within = <T>(timeoutMs: number, what: string, work: () => Promise<T>): Promise<T> =>
    bounded({ signal, timeoutMs }, host.clock, work, (reason) =>
      signal?.aborted ? reason : hookError(source, `${what} ${timeoutMs} ms`),
    ) as Promise<T>;
  const isFirst =
    afterFirstConnection !== undefined &&
    (await within(acquireTimeoutMs, "a first connection's hook took over", () => firstHook.turn()));
  try {
    await within(openTimeoutMs, "a hook took over", async () => {
      if (isFirst) await runHook(afterFirstConnection, source, host, link, owner);
      if (afterConnection) await runHook(afterConnection, source, host, link, owner);
    });
  } catch (error) {
    if (isFirst) firstHook.end(false);
    throw error;
  }
  // What it has queued is a part of it: until that is done, it is not.
  if (isFirst && link.setup.length > 0) link.onSetUp = (isDone) => firstHook.end(isDone);
  else if (isFirst) firstHook.end(true);
  link.setup.push(...toSetup([...link.driver.setup, ...setup]));
  link.isPrepared = true;
}

// The hook's own statements, also those it makes through its database, run on this very connection.
async function runHook(hook: Hook, source: Source<Hook>, host: Host, link: Link, owner: Owner): Promise<void> {
  const session = new Session(new Unit(host, owner, {}, link));
  const { context } = host;
  try {
    // Of all databases that share the source: whichever the hook uses, it means this connection.
    await context.run({ owner: source, session, parent: undefined }, () => hook(new Connection(session, link)));
  } finally {
    await end(session, "done");
  }
}

function hookError({ adapter }: Source<Hook>, message: string): DbError {
  return new DbError("CONNECT_FAILED", message, { adapter: adapter.name }, { retryable: true });
}
