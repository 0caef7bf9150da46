import type { Flight, MaybePromise, Step, StepOutcome } from "../../contract/adapter.ts";

export const SKIPPED: StepOutcome = { status: "skipped" };

/**
 * Takes the steps of a flight one by one: a step that stops it skips the later ones, and runs `undo`.
 *
 * @param take - runs one step. It resolves to `failed` for a step that the database refused, and rejects only if the whole
 *   flight failed: the connection is lost.
 * @returns one outcome per step of `flight.steps`.
 * @example
 * send(flight) { return takeSteps(flight, (step) => this.take(step)); }
 */
export async function takeSteps(
  { steps, undo = [] }: Flight,
  take: (step: Step) => MaybePromise<StepOutcome>,
): Promise<StepOutcome[]> {
  const outcomes: StepOutcome[] = [];
  let isStopped = false;
  for (const step of steps) {
    const outcome = isStopped ? SKIPPED : await take(step);
    outcomes.push(outcome);
    if (outcome.status === "failed") isStopped = step.kind !== "query" || step.onError === "stop";
  }
  if (isStopped) for (const step of undo) await take(step);
  return outcomes;
}
