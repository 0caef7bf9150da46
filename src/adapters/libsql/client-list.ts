import type { QueryStep, Step, StepOutcome } from "../../contract/adapter.ts";
import type { LibsqlClient } from "./client-driver.ts";
import { explain, isLocked, stops, toFailure } from "./client-failure.ts";
import { toClient, toResult } from "./client-results.ts";
import { isRefused, toDbError } from "./errors.ts";
import { isBusy } from "./remote.ts";
import { modeOf } from "./texts.ts";
import { DONE, SKIPPED } from "./told.ts";

/** A transaction that is known in full: the client sends it in one request. */
export function isList(steps: readonly Step[]): boolean {
  const [first, ...rest] = steps;
  return (
    rest.length > 1 &&
    first?.kind === "begin" &&
    first.options.accessMode !== "read only" &&
    first.options.behavior !== "exclusive" &&
    !first.options.foreignKeys &&
    rest.pop()!.kind === "commit" &&
    rest.every((step) => step.kind === "query" && stops(step))
  );
}

/** Runs it; what fails takes all of it back. */
export async function runList(
  client: LibsqlClient,
  steps: readonly Step[],
  again: () => Promise<boolean>,
): Promise<StepOutcome[]> {
  const [begin, ...rest] = steps as [Extract<Step, { kind: "begin" }>, ...Step[]];
  const queries = rest.slice(0, -1) as QueryStep[];
  const mode = modeOf(begin.options, queries) === "IMMEDIATE" ? "write" : "deferred";
  for (;;) {
    try {
      const results = await client.batch(
        queries.map(({ statement }) => toClient(client, statement)),
        mode,
      );
      const told = queries.map(({ statement: { text } }, index) => toResult(results[index]!, text));
      return [DONE, ...told.map((result): StepOutcome => ({ status: "done", result })), DONE];
    } catch (error) {
      if ((isBusy(error) || isLocked(error)) && (await again())) continue;
      const failure = toFailure(error);
      const skipped = rest.map(() => SKIPPED);
      if (isLocked(error)) return [{ status: "failed", error: toDbError(failure, { text: "begin" }) }, ...skipped];
      // Not of a statement: COMMIT was refused.
      const isCommit = failure.statementIndex === undefined && !isRefused(failure);
      const told: StepOutcome[] = isCommit
        ? [...queries.map(() => DONE), { status: "failed", error: toDbError(failure, { text: "commit" }) }]
        : await explain(client, queries, failure);
      return [DONE, ...told, ...skipped.slice(told.length)];
    }
  }
}
