// What becomes of a unit, and of its commands, when a flight has landed or was lost. `line.ts` has sent it.

import type { StepOutcome } from "../contract/adapter.ts";
import { DbError, isDbError } from "../errors.ts";
import { isBad, type Plan, toldApart, toResult, toTexts } from "./flight.ts";
import { connectionName } from "./names.ts";
import type { Unit } from "./unit.ts";

/** Takes note of what came back. The first `setup` and `ahead` outcomes are nobody's. */
export function land(unit: Unit, flight: Plan, outcomes: readonly StepOutcome[]): boolean {
  const { commands, setup, ahead } = flight;
  const { transaction, link } = unit;
  const { kind, statements } = commands[0]!;
  const { state } = link!.driver;
  // The first that is not done. When nothing is open, a rollback has nothing more to do.
  const found = outcomes.findIndex(isBad);
  const bad = found < 0 || (kind === "rollback" && state === "idle") ? Infinity : found;
  tell(unit, flight, found < 0);
  const failed = outcomes[bad];
  const failure = failed?.status === "failed" ? failed.error : undefined;
  if (bad >= ahead && transaction.state === "none" && transaction.wanted) unit.tell("begin");
  if ((kind === "commit" || kind === "rollback") && bad > outcomes.length) {
    transaction.end();
    unit.tell(kind);
  } else transaction.land(state, bad >= ahead, failure);
  // Half set up, nobody may see it.
  if (bad < setup) unit.drop(failure);
  const blocked = (): unknown => transaction.refusal(statements[0]?.text) ?? failure;
  if (bad < ahead) throw blocked();
  answer(unit, flight, outcomes, bad, blocked);
  return true;
}

/** Hands each command its own results or its own error. */
function answer(
  unit: Unit,
  { commands, ahead }: Plan,
  outcomes: readonly StepOutcome[],
  bad: number,
  blocked: () => unknown,
): void {
  const { transaction, link } = unit;
  const { kind } = commands[0]!;
  let at = ahead;
  for (const command of commands) {
    const { length } = command.statements;
    const isOne = kind === "query";
    const index = isOne ? 0 : bad - ahead;
    const outcome = outcomes[isOne ? at++ : bad];
    try {
      if (outcome && isBad(outcome))
        throw outcome.status === "failed" ? toldApart(outcome.error, kind, index, length) : blocked();
      if (kind === "call") return;
      if (kind === "commit" || !transaction.wanted) unit.hasKept = true;
      const results = isOne ? [toResult(outcome!)] : outcomes.slice(ahead, ahead + length).map(toResult);
      command.resolve(command.finish(results, link!));
    } catch (error) {
      command.reject(error);
    }
  }
}

/**
 * Takes note that nothing came back.
 *
 * @returns false: nothing was executed, and the flight may leave again on another connection.
 */
export function lose(unit: Unit, flight: Plan, error: unknown): boolean {
  tell(unit, flight, false);
  if (unit.replaces(error, flight.setup > 0)) return false;
  const isUnsent = flight.commands[0]!.kind !== "commit" || (isDbError(error) && error.outcome === "not-executed");
  throw isUnsent ? error : commitUnknown(unit, error);
}

/** Whether a COMMIT took effect cannot be known when its answer was lost; it is never sent again. */
export function commitUnknown(unit: Unit, cause: unknown): DbError {
  const message = "the answer to COMMIT was lost: look at the data before doing the work again";
  return new DbError("COMMIT_UNKNOWN", message, { session: connectionName(unit) }, { cause, outcome: "unknown" });
}

function tell({ id: session, connection, host }: Unit, { steps, startedAt }: Plan, isOk: boolean): void {
  host.emit?.({
    type: "flight",
    session,
    connection,
    statements: toTexts(steps),
    durationMs: host.clock.now() - startedAt!,
    isOk,
  });
}
