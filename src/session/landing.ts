// What becomes of a unit, and of its commands, when a flight has landed or was lost. `line.ts` has sent it.

import type { QueryStep, StepOutcome } from "../contract/adapter.ts";
import type { RawResult } from "../contract/statement.ts";
import { DbError, isDbError } from "../errors.ts";
import type { Command } from "./command.ts";
import type { Link } from "./link.ts";
import { type Departure, toTexts } from "./departure.ts";
import { connectionName } from "./names.ts";
import { named } from "./rows.ts";
import type { Scope } from "./scope.ts";
import type { Unit } from "./unit.ts";

/** Takes note of what came back. The first `setup` and `ahead` outcomes belong to no command. */
export function land(unit: Unit, departure: Departure, outcomes: readonly StepOutcome[]): true {
  const { commands, setup, ahead } = departure;
  const { transaction, holder } = unit;
  const link = holder.link!;
  const first = commands[0]!;
  if (isPlain(departure, outcomes)) {
    report(unit, departure, undefined, true);
    transaction.land(link.driver.state, undefined);
    if (isStray(unit)) holder.drop(undefined);
    hand(unit, first, [resultOf(outcomes[0]!)], link);
    return true;
  }
  const { scope, statements } = first;
  const last = commands.at(-1)!;
  const { kind } = last;
  const { state } = link.driver;
  // The first that is not done. When nothing is open, a rollback has nothing more to do.
  const found = outcomes.findIndex(isBad);
  const bad = found < 0 || (kind === "rollback" && state === "idle") ? Infinity : found;
  const failed = outcomes[bad];
  const failure = failed?.status === "failed" ? failed.error : undefined;
  report(unit, departure, failure, found < 0);
  if (bad >= setup && setup > 0) holder.setUp(true);
  if (departure.moves.length > 0) follow(unit, departure, outcomes, failure);
  if ((kind === "commit" || kind === "rollback") && bad > outcomes.length) {
    settle(unit, last);
    if (kind === "rollback") scope.hasUndone = true;
    if (kind === "rollback" || last.isCommit) unit.emit(kind);
  } else if (departure.undoesAll && state === "idle") transaction.end();
  else transaction.land(state, failure);
  // Where its owner keeps it all the same, what was not done is still to do.
  if (bad < setup) link.setup.unshift(...(departure.flight.steps.slice(bad, setup) as QueryStep[]));
  // Half set up, or in a transaction without an owner: no statement may run on it.
  if (bad < setup || isStray(unit)) holder.drop(failure);
  const blocked = bad < outcomes.length ? (transaction.refusal(scope, statements[0]?.text) ?? failure) : undefined;
  if (bad < ahead) throw failure && !transaction.isLost(scope) ? failure : blocked;
  answer(unit, departure, outcomes, bad, blocked);
  return true;
}

/** Nearly every flight: one query that was done, with nothing ahead of it. It has nothing more to take note of. */
function isPlain({ commands, ahead }: Departure, outcomes: readonly StepOutcome[]): boolean {
  return ahead === 0 && outcomes.length === 1 && commands[0]!.kind === "query" && outcomes[0]!.status === "done";
}

/** Hands a command what it has asked for, which is there to stay outside of a transaction. */
function hand(unit: Unit, command: Command, results: RawResult[], link: Link): void {
  if (command.kind === "commit" || command.scope.isPlain) unit.hasKept = true;
  try {
    command.land(results, link);
  } catch (error) {
    command.reject(error);
  }
}

/** What the server has begun, undone and released on the way. */
function follow(unit: Unit, { moves, setup }: Departure, outcomes: readonly StepOutcome[], failure: unknown): void {
  const { transaction } = unit;
  moves.forEach((move, index) => {
    const { status } = outcomes[setup + index]!;
    const { kind } = move;
    if (status === "done") {
      transaction.move(move);
      if (kind === "begin" || kind === "rollback") unit.emit(kind);
    } else if (status === "failed" && kind !== "begin" && kind !== "savepoint") transaction.doom(failure);
  });
}

/** COMMIT or ROLLBACK was done, or there was nothing to do: what was done until then has its fate. */
export function settle({ transaction, callbacks }: Unit, { kind, scope }: Command): void {
  const fate = kind === "commit" ? "kept" : "undone";
  if (!transaction.isOpen || transaction.holds(scope)) transaction.end();
  if (scope.failure) scope.failure = undefined;
  if (scope.stage !== "open" && scope.fate === "open") scope.fate = fate;
  callbacks?.decide(scope, fate);
}

/** Hands each command its own results or its own error. */
function answer(
  unit: Unit,
  { commands, ahead }: Departure,
  outcomes: readonly StepOutcome[],
  bad: number,
  blocked: unknown,
): void {
  const link = unit.holder.link!;
  // A COMMIT that rode and failed is what the statements ahead of it hear: they wait for nothing else.
  const missed = commands.at(-1)!.isRiding && bad === outcomes.length - 1 ? outcomes[bad] : undefined;
  let at = ahead;
  for (const command of commands) {
    const { kind } = command;
    const { length } = command.statements;
    const isOne = kind === "query";
    const index = isOne ? 0 : bad - ahead;
    const outcome = missed ?? outcomes[isOne ? at++ : bad];
    if (outcome?.status === "failed") command.reject(named(outcome.error, kind, index, length));
    else if (outcome?.status === "skipped") command.reject(command.chain?.failed?.error ?? blocked);
    else if (kind === "call") return;
    else hand(unit, command, isOne ? [resultOf(outcome!)] : outcomes.slice(ahead, ahead + length).map(resultOf), link);
  }
}

/**
 * Takes note that nothing came back.
 *
 * @returns false: nothing was executed, and the flight may leave again on another connection.
 */
export function lose(unit: Unit, departure: Departure, error: unknown): false {
  const { holder, transaction } = unit;
  const command = departure.commands.at(-1)!;
  report(unit, departure, error, false);
  const isUnsent = !command.isCommit || (isDbError(error) && error.outcome === "not-executed");
  const told = isUnsent ? undefined : unknownError(unit, error);
  if (told) transaction.unknown = told;
  if (holder.replaces(error, departure.setup > 0, departure.hadState)) return false;
  if (holder.link) {
    transaction.land(holder.link.driver.state, error);
    if (isStray(unit)) holder.drop(error);
  }
  transaction.unknown = undefined;
  if (told) markUnknown(unit, command.scope);
  throw told ?? error;
}

/** Whether a COMMIT took effect cannot be known when its answer was lost; it is never sent again. */
export function commitUnknown(unit: Unit, scope: Scope, cause: unknown): DbError {
  markUnknown(unit, scope);
  return unknownError(unit, cause);
}

/** The error alone: what was done since the last COMMIT has a fate of its own. */
export function unknownError(unit: Unit, cause: unknown): DbError {
  const message = "the answer to COMMIT was lost: check the data before you repeat the work";
  return new DbError("COMMIT_UNKNOWN", message, { session: connectionName(unit.host) }, { cause, outcome: "unknown" });
}

/** Of what is around it too, where that ends with this: it has no other answer for its user. */
export function markUnknown(unit: Unit, scope: Scope): void {
  const { callbacks } = unit;
  unit.hasKept = true;
  callbacks?.decide(scope, "unknown");
  for (let each: Scope | undefined = scope; each?.over; each = each.parent) {
    if (each.fate === "open") each.fate = "unknown";
    callbacks?.decide(each, "unknown");
  }
}

/** The driver is in a transaction that the session has not begun. In hooks it is their error, reported there. */
export function isStray({ transaction, holder: { link } }: Unit): boolean {
  if (transaction.isOpen || !link?.isPrepared) return false;
  const { state } = link.driver;
  return state === "transaction" || state === "failed";
}

/** What listeners are told of a flight. */
type Told = Pick<Departure, "flight" | "texts" | "startedAt">;

/** Tells listeners that a flight leaves: each is followed by its `flight`. */
export function announce({ host, owner, holder }: Unit, { flight, texts, startedAt }: Told): void {
  host.record?.(flight);
  host.emit?.({ type: "send", session: owner.id, connection: holder.connection, statements: texts!, at: startedAt! });
}

export function report(unit: Unit, { flight, startedAt, texts }: Told, error: unknown, isOk: boolean): void {
  const { host, owner, holder } = unit;
  if (!host.emit) return;
  const at = host.clock.now();
  host.emit({
    type: "flight",
    session: owner.id,
    connection: holder.connection,
    // Somebody may listen only since it left.
    statements: texts ?? toTexts(flight.steps),
    durationMs: startedAt === undefined ? 0 : at - startedAt,
    isOk,
    error,
    at,
  });
}

function isBad({ status }: StepOutcome): boolean {
  return status !== "done";
}

function resultOf(outcome: StepOutcome): RawResult {
  return (outcome as { readonly result: RawResult }).result;
}
