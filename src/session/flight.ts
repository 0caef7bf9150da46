import type { MaybePromise, StepOutcome } from "../contract/adapter.ts";
import { call } from "./call.ts";
import type { Command } from "./command.ts";
import { toDeparture } from "./departure.ts";
import { announce, land, lose } from "./landing.ts";
import type { Link } from "./link.ts";
import type { Unit } from "./unit.ts";

/**
 * Sends a flight, unless it was `sent` already; false when it was lost with nothing executed, and may leave again on another
 * connection.
 */
export function fly(
  unit: Unit,
  commands: readonly Command[],
  link: Link,
  signal: AbortSignal | undefined,
  sent?: MaybePromise<StepOutcome[]>,
): MaybePromise<boolean> {
  const { transaction, host, options } = unit;
  const departure = toDeparture(commands, link, transaction, options, host.emit && host.clock.now());
  const { flight } = departure;
  if (flight.steps.length === 0) return true;
  link.origin.flights++;
  announce(unit, departure);
  try {
    sent ??= link.driver.send(flight, signal);
  } catch (error) {
    return lose(unit, departure, error);
  }
  return Array.isArray(sent)
    ? land(unit, departure, sent)
    : sent.then(
        (outcomes) => land(unit, departure, outcomes),
        (error: unknown) => lose(unit, departure, error),
      );
}

/** Does what a command asks of the connection once its flight, if any, has landed; false as above. */
export async function finish(unit: Unit, command: Command, flown: MaybePromise<boolean>, link: Link): Promise<boolean> {
  if (!(await flown)) return false;
  if (command.isSettled) return true;
  if (command.kind !== "connect") return call(unit, command, link);
  command.resolve(await command.finish([], link, command));
  return true;
}
