import type { Step, StepOutcome } from "../../contract/adapter.ts";
import type { DbError } from "../../errors.ts";
import { type Failures, transactionLost } from "../shared/failures.ts";
import { bare } from "./control.ts";
import { toDbError } from "./errors.ts";
import { DONE, failure } from "./outcomes.ts";
import type { Parsers } from "./parsers.ts";
import type { Answer, Part } from "./pipeline.ts";
import type { Leg } from "./plan.ts";
import { type RawRows, toOutcome } from "./results.ts";
import { NEEDED, QUESTION, type Segment } from "./segments.ts";
import type { ServerError } from "./wire.ts";

/** Why nothing of these segments has run, where what comes first has failed for all of them. */
export function leadFailure(segments: readonly Segment[], answer: Answer, { gone }: Failures): DbError | undefined {
  const outcome = answer[0]!.find(({ status }) => status === "failed");
  if (outcome?.status !== "failed") return undefined;
  const entry = segments[0]![answer[0]!.indexOf(outcome)]!;
  if (entry.at > NEEDED) return undefined;
  // A name in `parsers` that can be no type's.
  if (entry.at === QUESTION) return errorOf(undefined, entry, outcome.error);
  return gone("the session could not be reset for its next user, and was closed", new Error(outcome.error.message));
}

/** Notes what became of the steps of a leg. */
export function land(
  { segments, outcomes }: Leg,
  start: number,
  steps: readonly Step[],
  answer: Answer,
  own: Parsers,
): void {
  for (let index = 0; index < segments.length; index++) {
    const segment = segments[index]!;
    for (let place = 0; place < segment.length; place++) {
      const part = segment[place]!;
      const { at } = part;
      const outcome = answer[index]![place]!;
      if (at < 0 || outcome.status === "skipped" || (part.isAside && outcome.status === "done")) continue;
      const step = steps[at]!;
      outcomes[at - start] =
        outcome.status === "failed" ? failure(errorOf(step, part, outcome.error)) : toDone(step, outcome.result, own);
    }
  }
}

function errorOf(step: Step | undefined, part: Part, error: ServerError): DbError {
  const { text, values } = part.kind === "run" ? part.bound : bare("");
  const isShown = !step || step.kind === "begin" || step.kind === "query";
  return toDbError(error, { text: isShown ? text : step.kind }, values);
}

function toDone(step: Step, result: RawRows, own: Parsers): StepOutcome {
  if (step.kind === "query") return toOutcome(result, own, step.statement);
  // PostgreSQL answers the COMMIT of a transaction that had failed with ROLLBACK, and calls that a success.
  return step.kind === "commit" && result.command === "ROLLBACK" ? failure(transactionLost("commit")) : DONE;
}
