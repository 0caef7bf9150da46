import type { MaybePromise } from "../contract/adapter.ts";
import type { Command } from "./command.ts";
import type { Link } from "./link.ts";
import type { Unit } from "./unit.ts";

/**
 * Does what a command asks of the connection, once its flight, if any, has landed.
 *
 * @returns false when it was lost with nothing executed, and may leave again on another connection.
 */
export async function afterFlight(
  unit: Unit,
  command: Command,
  flown: MaybePromise<boolean>,
  link: Link,
): Promise<boolean> {
  if (!(await flown)) return false;
  if (command.isSettled) return true;
  if (command.kind !== "connect") return call(unit, command, link);
  command.resolve(await command.finish([], link, command));
  return true;
}

/** Does what they do once they have landed. @param toSignal - aborts when one is given up. */
export async function follow(commands: readonly Command[], toSignal: () => AbortSignal): Promise<void> {
  for (const command of commands)
    if (command.after && !command.isSettled) command.resolve(await command.after(toSignal()));
}

/**
 * What a call does at the driver is no flight: whether its transaction is still there shows in the driver's state alone.
 *
 * @returns false when it was lost with nothing executed, and may be made again on another connection.
 */
async function call({ transaction, holder }: Unit, command: Command, link: Link): Promise<boolean> {
  transaction.land(link.driver.state, undefined);
  const refusal = transaction.refusal(command.scope, command.statements[0]?.text);
  if (refusal) throw refusal;
  // By now: what the call itself begins, a stream, is no reason.
  const { hasSessionState } = link.driver;
  try {
    // A driver that never answers keeps nobody from the end of the session: that drops the connection.
    command.resolve(await Promise.race([command.finish([], link, command), holder.dropped()]));
    return true;
  } catch (error) {
    if (!command.link && holder.link === link && holder.replaces(error, false, hasSessionState)) return false;
    transaction.land(link.driver.state, error);
    throw error;
  }
}
