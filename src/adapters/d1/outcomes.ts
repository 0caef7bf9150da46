import type { Step, StepOutcome } from "../../contract/adapter.ts";
import type { RawResult, Statement } from "../../contract/statement.ts";
import { DbError, isDbError } from "../../errors.ts";
import { SKIPPED } from "../shared/flight.ts";
import { scan } from "../sqlite/scan.ts";
import { toRow } from "../sqlite/workerd-values.ts";
import { NOTHING, type Rows } from "./answers.ts";
import { errorOf, ListFailure } from "./requests.ts";

export const DONE: StepOutcome = { status: "done", result: NOTHING };

export function isWrite(text: string): boolean {
  return !/^(?:SELECT|VALUES|EXPLAIN|PRAGMA)$/.test(scan(text).verb);
}

/** In a list, the error must say which statement it was. */
export function ofCommit(error: DbError<"QUERY_FAILED">, at: number, length: number): Error {
  if (Number.isNaN(at) || length < 2) return error;
  const message = `statement ${at + 1} of ${length} in the commit: ${error.message.slice(error.code.length + 2)}`;
  return new DbError(error.code, message, { ...error.details, statementIndex: at }, error);
}

export function failure(error: Error): StepOutcome {
  return { status: "failed", error };
}

export function toDone(result: RawResult): StepOutcome {
  return { status: "done", result };
}

export function toOutcome({ columns, rows }: Rows): StepOutcome {
  return { status: "done", result: { columns, rows: rows.map(toRow), rowsAffected: 0 } };
}

export function toQueryError(error: unknown, statement: Statement): Error {
  if (error instanceof ListFailure) return errorOf(error, statement);
  if (isDbError(error, "QUERY_FAILED") || isDbError(error, "TRANSACTION_UNSUPPORTED")) return error;
  throw error;
}

/** Nothing of it was done, because of one of the statements that were sent along. */
export function failAt(steps: readonly Step[], query: number, error: Error): StepOutcome[] {
  let queries = 0;
  let hasFailed = false;
  const outcomes = steps.map((step): StepOutcome => {
    if (hasFailed) return SKIPPED;
    hasFailed = step.kind === "query" && queries++ === query;
    return hasFailed ? failure(error) : DONE;
  });
  return [...outcomes, SKIPPED];
}
