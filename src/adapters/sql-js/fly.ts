import type { Flight, Step, StepOutcome } from "../../contract/adapter.ts";
import { SKIPPED } from "../shared/flight.ts";

/** Takes the steps of a flight one by one, up to the first failure that stops it; then what undoes it. */
export function fly({ steps, undo }: Flight, take: (step: Step) => StepOutcome): StepOutcome[] {
  let isStopped = false;
  const outcomes = steps.map((step) => {
    const outcome = isStopped ? SKIPPED : take(step);
    if (outcome.status === "failed") isStopped = step.kind !== "query" || step.onError === "stop";
    return outcome;
  });
  if (isStopped && undo) for (const step of undo) take(step);
  return outcomes;
}
