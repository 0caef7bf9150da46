import type { Step, StepOutcome } from "../../contract/adapter.ts";
import type { DbError } from "../../errors.ts";

export const SKIPPED: StepOutcome = { status: "skipped" };
export const DONE: StepOutcome = { status: "done", result: { columns: [], rows: [], rowsAffected: 0 } };

export function failure(error: Error): StepOutcome {
  return { status: "failed", error };
}

/** Where a flight was stopped: which step has failed, and ends it then; -1 when none did. */
export function stopOf(steps: readonly Step[], outcomes: readonly StepOutcome[]): number {
  return outcomes.findIndex((outcome, at) => {
    const step = steps[at]!;
    if (outcome.status !== "failed" || (step.kind === "query" && step.onError !== "stop")) return false;
    // One that was executed, and whose rows could not be read, has stopped nothing.
    return (outcome.error as Partial<DbError>).outcome !== "executed";
  });
}

/** One outcome a step: behind the one that stopped the flight, nothing has run, whatever is known of it. */
export function settled(steps: readonly Step[], outcomes: StepOutcome[]): StepOutcome[] {
  const stop = stopOf(steps, outcomes);
  if (stop < 0 && outcomes.length === steps.length) return outcomes;
  return steps.map((_, at) => (stop >= 0 && at > stop ? SKIPPED : outcomes[at]!));
}

/** Setup that was written for the connection, and not asked by a hook of its own. */
export function isSetup(step: Step): boolean {
  return step.kind === "query" && step.isSetup === true && step.onError === "stop";
}
