import type { Step, StepOutcome } from "../../contract/adapter.ts";
import { isDbError } from "../../errors.ts";
import type { LibsqlClient } from "./client-driver.ts";
import { toClient } from "./client-results.ts";
import { isRefused, toDbError, unknown } from "./errors.ts";
import { DONE, SKIPPED } from "./told.ts";

/** Steps that are sent as SQL in a transaction. */
export type SqlStep = Exclude<Step, { readonly kind: "begin" | "commit" | "rollback" }>;

/** What the client throws about a statement. */
export interface ClientFailure {
  readonly message: string;
  readonly code: string;
  /** Place in the list, when it is not the list itself that failed. */
  readonly statementIndex?: number;
}

/**
 * The client's error about a statement; whatever else was thrown fails the flight.
 *
 * @param opening - how many statements stood ahead of the steps, for a BEGIN of ours.
 */
export function toFailure(error: unknown, opening = 0): ClientFailure {
  const { code, message, statementIndex } = Object(error) as Partial<ClientFailure>;
  if (isDbError(error) || typeof code !== "string" || typeof message !== "string") throw error;
  // It may have been executed: what the client cannot read is the answer.
  if (code === "HRANA_PROTO_ERROR") throw unknown("the client cannot read the server's answer");
  return statementIndex === undefined
    ? { code, message }
    : { code, message, statementIndex: Math.max(0, statementIndex - opening) };
}

/** A lock that was not had at BEGIN. */
export function isLocked(error: unknown, opening = 0): boolean {
  const { code, statementIndex = -1 } = Object(error) as Partial<ClientFailure>;
  return code === "SQLITE_BUSY" && statementIndex < opening;
}

/** What is known of a list of which one statement failed: what those before it gave is lost, but so is what they did. */
export async function explain(
  client: LibsqlClient,
  steps: readonly SqlStep[],
  failure: ClientFailure,
): Promise<StepOutcome[]> {
  const index = failure.statementIndex ?? (await findCulprit(client, steps, failure));
  const step = steps[index]!;
  const error = toDbError(failure, step.kind === "query" ? step.statement : { text: step.kind });
  const before = steps.slice(0, index).map((each) => (stops(each) ? DONE : SKIPPED));
  return [...before, { status: "failed", error }];
}

/** A list that cannot be parsed is refused whole; explained one by one, the statement that is to blame is refused again. */
async function findCulprit(client: LibsqlClient, steps: readonly SqlStep[], failure: ClientFailure): Promise<number> {
  const queries = steps.filter((step) => step.kind === "query");
  if (queries.length > 1 && isRefused(failure)) {
    for (const { statement } of queries) {
      const { sql, args } = toClient(client, statement);
      const error: unknown = await client.execute({ sql: `EXPLAIN ${sql}`, args }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error && isRefused(toFailure(error)))
        return steps.findIndex((step) => step.kind === "query" && step.statement === statement);
    }
  }
  return Math.max(
    0,
    steps.findIndex((step) => step.kind === "query"),
  );
}

/** Whether a failure of it stops the flight. */
export function stops(step: Step): boolean {
  return step.kind !== "query" || step.onError === "stop";
}
