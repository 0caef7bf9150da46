import type { Step, StepOutcome } from "../contract/adapter.ts";
import { DbError, isDbError } from "../errors.ts";
import type { Command } from "./command.ts";
import { toStep } from "./link.ts";

const NAME = "isopool_batch";
const SAVEPOINT: readonly Step[] = [{ kind: "savepoint", name: NAME }];
const RELEASE: readonly Step[] = [{ kind: "release", name: NAME }];
const BEGIN: readonly Step[] = [{ kind: "begin", options: {} }];
const COMMIT: readonly Step[] = [{ kind: "commit" }];
const ROLLBACK: readonly Step[] = [{ kind: "rollback" }];

/** Writes what a command adds to its flight. A batch is all or nothing: a savepoint inside a transaction, else one of its own. */
export function toSteps({ kind, statements }: Command, guarded: boolean): readonly Step[] {
  if (kind === "rollback") return ROLLBACK;
  if (kind === "call") return [];
  const steps = statements.map((statement) => toStep(statement, kind === "query" ? "continue" : "stop", guarded));
  if (kind === "commit") return [...steps, ...COMMIT];
  if (kind === "query" || steps.length < 2) return steps;
  return guarded ? [...SAVEPOINT, ...steps, ...RELEASE] : [...BEGIN, ...steps, ...COMMIT];
}

/** What takes a batch back when it fails. */
export function toUndo({ kind }: Command, guarded: boolean): readonly Step[] {
  if (kind !== "batch") return [];
  return guarded ? [{ kind: "rollback-to", name: NAME }, ...RELEASE] : ROLLBACK;
}

/**
 * Hands each command its own results or its own error.
 *
 * @param outcomes - those of the commands' own steps, in order.
 * @param blocked - why a step was skipped.
 */
export function settle(commands: readonly Command[], outcomes: readonly StepOutcome[], blocked: () => unknown): void {
  let at = 0;
  for (const command of commands) {
    const { steps } = command;
    const own = outcomes.slice(at, (at += steps.length));
    const bad = own.find(({ status }) => status !== "done");
    if (bad === undefined) command.resolve(own.flatMap((outcome, index) => (steps[index]!.kind === "query" && outcome.status === "done" ? outcome.result : [])));
    else command.reject(bad.status === "failed" ? toldApart(bad.error, command, own.indexOf(bad)) : blocked());
  }
}

// In a list, the error must say which statement it was.
function toldApart(error: Error, { kind, steps, statements: { length } }: Command, at: number): unknown {
  if (!isDbError(error, "QUERY_FAILED") || length < 2 || steps[at]!.kind !== "query") return error;
  const statementIndex = steps.slice(0, at).filter((step) => step.kind === "query").length;
  const message = `statement ${statementIndex + 1} of ${length} in the ${kind}: ${error.message.slice(error.code.length + 2)}`;
  return new DbError(error.code, message, { ...error.details, statementIndex }, error);
}
