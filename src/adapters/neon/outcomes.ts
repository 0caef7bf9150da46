import type { Step, StepOutcome } from "../../contract/adapter.ts";

export const SKIPPED: StepOutcome = { status: "skipped" };
export const DONE: StepOutcome = { status: "done", result: { columns: [], rows: [], rowsAffected: 0 } };

export function failure(error: Error): StepOutcome {
  return { status: "failed", error };
}

/** Whether a failure of the step ends its flight. */
export function stops(step: Step): boolean {
  return step.kind !== "query" || step.onError === "stop";
}

/** Setup that was written for the connection, and not asked by a hook of its own. */
export function isSetup(step: Step): boolean {
  return step.kind === "query" && step.isSetup === true && step.onError === "stop";
}
