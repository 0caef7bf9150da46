// An engine in the same process that answers at once: to make a command of a statement, with its place in the line and a departure,
// would cost as much as the statement.

import type { MaybePromise, QueryStep, StepOutcome } from "../contract/adapter.ts";
import type { Finish } from "./finish.ts";
import { announce, isStray, report } from "./landing.ts";
import { placeOf } from "./prepare.ts";
import type { Scope } from "./scope.ts";
import { type StatementInput, toStatement } from "./statement.ts";
import type { Unit } from "./unit.ts";

/**
 * Writes a statement that has nothing ahead of it, for an engine that answers at once.
 *
 * @returns `undefined`: it is not such a one, or will be refused where it takes its turn.
 */
export function toPlainStep(unit: Unit, scope: Scope, inputs: readonly StatementInput[]): QueryStep | undefined {
  const { holder, host, options, transaction } = unit;
  const { link } = holder;
  if (!link?.driver.answersAtOnce || link.setup.length > 0 || transaction.ahead(scope)?.length !== 0) return undefined;
  if ((host.record ?? options.settings ?? options.fresh) !== undefined || transaction.refusal(scope)) return undefined;
  try {
    const statement = toStatement(inputs[0]!, link.origin.adapter, placeOf(unit, scope, inputs));
    return { kind: "query", statement, onError: "continue", guarded: !scope.isPlain, isSetup: !link.isPrepared };
  } catch {
    return undefined;
  }
}

/** A flight that was sent already, of one statement. */
export interface Sent {
  readonly sent: MaybePromise<StepOutcome[]>;
  readonly startedAt: number | undefined;
}

/**
 * Sends a statement by itself, and takes note of it if it was just done. Anything else is for the line to land.
 *
 * @returns `answer`: what is made of it, if it was.
 */
export function sendPlain<T>(
  unit: Unit,
  scope: Scope,
  step: QueryStep,
  finish: Finish<T>,
): Sent & { readonly answer?: Promise<T> } {
  const { holder, host, transaction } = unit;
  const link = holder.link!;
  const { statement } = step;
  const flight = { steps: [step] };
  const startedAt = host.emit && host.clock.now();
  const told = startedAt === undefined ? undefined : { flight, startedAt, texts: [statement.text] };
  if (told) announce(unit, told);
  let sent: Sent["sent"] | undefined;
  try {
    sent = link.driver.send(flight);
    const outcome = Array.isArray(sent) ? sent[0] : undefined;
    if (outcome?.status !== "done") return { sent, startedAt };
    const answer = Promise.resolve(finish([outcome.result], link, { statements: [statement] }));
    link.origin.flights++;
    // Somebody may listen only since it left.
    if (host.emit) report(unit, told ?? { flight, startedAt, texts: undefined }, undefined, true);
    transaction.land(link.driver.state, undefined);
    if (isStray(unit)) holder.drop(undefined);
    if (scope.isPlain) unit.hasKept = true;
    return { sent, startedAt, answer };
  } catch (error) {
    return { sent: sent ?? Promise.reject(error), startedAt };
  }
}
