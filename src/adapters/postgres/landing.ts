import type { Step, StepOutcome } from "../../contract/adapter.ts";
import type { DbError } from "../../errors.ts";
import { transactionLost } from "../shared/failures.ts";
import { toDbError } from "./errors.ts";
import { DONE, failure, SKIPPED } from "./outcomes.ts";
import type { Answer, Part } from "./pipeline.ts";
import { type Leg, NEEDED, QUESTION } from "./plan.ts";
import type { Parsers } from "./parsers.ts";
import { type RawRows, toOutcome } from "./results.ts";
import type { ServerError } from "./wire.ts";

/**
 * Why the session could not be renewed, if so: nothing that was asked for has run then.
 *
 * A failure of the connection's own setup comes before that of the guard behind it, and is another matter.
 */
export function renewalFailure({ segments }: Pick<Leg, "segments">, answer: Answer): ServerError | undefined {
  for (const [index, { steps }] of segments.entries()) {
    const outcomes = answer[index]!;
    const at = outcomes.findIndex(({ status }) => status === "failed");
    const failed = outcomes[at];
    if (failed?.status === "failed" && steps[at] !== QUESTION) return steps[at] === NEEDED ? failed.error : undefined;
    // Behind the first guard, something has run.
    if (index > 0 && steps.includes(NEEDED)) return undefined;
  }
  return undefined;
}

/** What became of the steps of a leg. */
export function outcomesOf(
  { segments, known, end }: Leg,
  start: number,
  steps: readonly Step[],
  answer: Answer | undefined,
  own: Parsers,
): StepOutcome[] {
  const outcomes: StepOutcome[] = [];
  for (let at = start; at < end; at++) outcomes.push(known.get(at) ?? SKIPPED);
  segments.forEach(({ steps: places, parts }, segment) => {
    places.forEach((at, index) => {
      const outcome = answer![segment]![index]!;
      if (at < 0 || outcome.status === "skipped") return;
      const step = steps[at]!;
      outcomes[at - start] =
        outcome.status === "failed"
          ? failure(errorOf(step, parts[index]!, outcome.error))
          : toDone(step, outcome.result, own);
    });
  });
  return outcomes;
}

function errorOf(step: Step, part: Part, error: ServerError): DbError {
  const { text = step.kind, values = [] } = part.kind === "run" ? part.bound : {};
  return toDbError(error, { text: step.kind === "begin" || step.kind === "query" ? text : step.kind }, values);
}

function toDone(step: Step, result: RawRows, own: Parsers): StepOutcome {
  if (step.kind === "query") return toOutcome(result, own, step.statement);
  // PostgreSQL answers the COMMIT of a transaction that had failed with ROLLBACK, and calls that a success.
  return step.kind === "commit" && result.command === "ROLLBACK" ? failure(transactionLost("commit")) : DONE;
}
