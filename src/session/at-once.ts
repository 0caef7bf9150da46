// An engine in the same process that answers at once: to make a command of a statement, with its place in the line and a departure,
// would cost as much as the statement.

import type { MaybePromise, QueryStep, StepOutcome } from "../contract/adapter.ts";
import type { Finish } from "./finish.ts";
import { isStray } from "./landing.ts";
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
  if ((host.emit ?? host.record ?? options.settings ?? options.fresh) !== undefined || transaction.refusal(scope))
    return undefined;
  try {
    const statement = toStatement(inputs[0]!, link.origin.adapter, placeOf(unit, scope, inputs));
    return { kind: "query", statement, onError: "continue", guarded: scope.path.length > 0, isSetup: !link.isPrepared };
  } catch {
    return undefined;
  }
}

/** What a driver answers to a flight. */
export type Sent = MaybePromise<StepOutcome[]>;

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
): { readonly sent: Sent; readonly answer?: Promise<T> } {
  const { holder, transaction } = unit;
  const link = holder.link!;
  let sent: Sent | undefined;
  try {
    sent = link.driver.send({ steps: [step] });
    const outcome = Array.isArray(sent) ? sent[0] : undefined;
    if (outcome?.status !== "done") return { sent };
    const answer = Promise.resolve(finish([outcome.result], link, { statements: [step.statement] }));
    link.origin.flights++;
    transaction.land(link.driver.state, undefined);
    if (isStray(unit)) holder.drop(undefined);
    if (scope.path.length === 0) unit.hasKept = true;
    return { sent, answer };
  } catch (error) {
    return { sent: sent ?? Promise.reject(error) };
  }
}
