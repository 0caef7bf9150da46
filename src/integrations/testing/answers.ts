import type { Step, StepOutcome } from "../../contract/adapter.ts";
import { transactionLost } from "../../adapters/shared/failures.ts";
import { toBrokenKey } from "../../adapters/sqlite/foreign-keys.ts";
import { DbError, isDbError } from "../../errors.ts";
import type { Placed } from "./translation.ts";

const INSIDE = /\b(?:within|inside) (?:a )?transaction\b/i;

/** What became of each step of the session, from what became of those that stand for it. */
export function answers(
  placed: readonly Placed[],
  outcomes: readonly StepOutcome[],
  steps: readonly Step[],
  isAlone: boolean,
): StepOutcome[] {
  return steps.map((step, of): StepOutcome => {
    const own = placed.flatMap((each, at) => (each.of === of ? [{ ...each, outcome: outcomes[at]! }] : []));
    const bad = own.find(({ outcome }) => outcome.status !== "done")?.outcome;
    if (bad?.status === "failed") return { status: "failed", error: explained(bad.error, step, isAlone) };
    return bad ?? (own.find(({ isAnswer }) => isAnswer) ?? own.at(-1)!).outcome;
  });
}

/** The error of a step, whichever of those that stand for it has failed. */
function explained(error: Error, step: Step, isAlone: boolean): Error {
  const told = toBrokenKey(error.message) ?? error;
  if (!isDbError(told, "QUERY_FAILED")) return told;
  // It would have run, but for the transaction of the test.
  if (isAlone && (told.details.dialectCode === "25001" || INSIDE.test(told.message))) return needsNone(told);
  if (step.kind === "commit" && told.details.dialectCode === "25P02") return transactionLost("commit", told);
  const sql = step.kind === "query" ? step.statement.text : step.kind;
  if (told.details.sql === sql || step.kind === "begin") return told;
  const { cause = told, retryable, outcome } = told;
  return new DbError(
    "QUERY_FAILED",
    told.message.replace(/^QUERY_FAILED: /, ""),
    { ...told.details, sql },
    { cause, retryable, outcome },
  );
}

/** The error for a statement that no transaction may hold. */
export function needsNone(cause: Error): DbError {
  const wanted = "statements that run outside of a transaction";
  const message = `rolledBack() has no ${wanted}: all that a test does is one. Run it before the test`;
  return new DbError("TRANSACTION_UNSUPPORTED", message, { adapter: "rolledBack", wanted }, { cause });
}
