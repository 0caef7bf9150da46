import type { Step, StepOutcome } from "../../contract/adapter.ts";
import type { DbError } from "../../errors.ts";
import { type Failures, transactionLost } from "../shared/failures.ts";
import { bare } from "./control.ts";
import { toDbError } from "./errors.ts";
import { DONE, failure, SKIPPED } from "./outcomes.ts";
import type { Parsers } from "./parsers.ts";
import type { Answer, Part } from "./pipeline.ts";
import type { Leg } from "./plan.ts";
import { type RawRows, toOutcome } from "./results.ts";
import { NEEDED, QUESTION, type Segment } from "./segments.ts";
import type { ServerError } from "./wire.ts";

/** Why nothing of these segments has run, where what comes first has failed for all of them. */
export function leadFailure(
  [first = []]: readonly Segment[],
  [outcomes = []]: Answer,
  { gone }: Failures,
): DbError | undefined {
  const place = outcomes.findIndex(({ status }) => status === "failed");
  const [outcome, entry] = [outcomes[place], first[place]];
  if (outcome?.status !== "failed" || entry!.at > NEEDED) return undefined;
  // A name in `parsers` that can be no type's.
  if (entry!.at === QUESTION) return errorOf(undefined, entry!.part, outcome.error);
  return gone("the session could not be reset for its next user, and was closed", new Error(outcome.error.message));
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
  segments.forEach((segment, index) => {
    segment.forEach(({ part, at, isAside }, place) => {
      const outcome = answer![index]![place]!;
      if (at < 0 || outcome.status === "skipped" || (isAside && outcome.status === "done")) return;
      const step = steps[at]!;
      outcomes[at - start] =
        outcome.status === "failed" ? failure(errorOf(step, part, outcome.error)) : toDone(step, outcome.result, own);
    });
  });
  return outcomes;
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
