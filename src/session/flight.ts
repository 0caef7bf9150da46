import type { Step, StepOutcome } from "../contract/adapter.ts";
import type { RawResult } from "../contract/statement.ts";
import { DbError, isDbError } from "../errors.ts";
import type { Command } from "./command.ts";
import type { Link } from "./link.ts";
import type { Transaction } from "./transaction.ts";

const BATCH = "isopool_batch";
const NOTHING: readonly Step[] = [];

/** What travels together. */
export interface Plan {
  readonly commands: readonly Command[];
  readonly steps: readonly Step[];
  readonly undo: readonly Step[];
  /** How many of the steps set the connection up. */
  readonly setup: number;
  /** How many of them come before the commands' own. */
  readonly ahead: number;
  /** When it left, for events. */
  readonly startedAt: number | undefined;
}

/** Writes a flight: the pending setup, what the transaction owes, and then the commands. They are of one kind, or there is only one. */
export function plan(
  commands: readonly Command[],
  link: Link,
  transaction: Transaction,
  startedAt: number | undefined,
): Plan {
  const { kind, statements } = commands[0]!;
  const guarded = transaction.wanted !== undefined;
  const steps: Step[] = link.setup.splice(0);
  const setup = steps.length;
  if (kind !== "rollback") for (const step of transaction.ahead()) steps.push(step);
  // A batch is all or nothing: a savepoint inside a transaction, else one of its own.
  const isBatch = kind === "batch" && statements.length > 1;
  if (isBatch) steps.push(guarded ? { kind: "savepoint", name: BATCH } : { kind: "begin", options: {} });
  const ahead = steps.length;
  for (const command of commands) {
    command.isFlying = true;
    for (const statement of kind === "call" ? [] : command.statements) {
      // Until the connection is prepared, it is its hooks that speak: what they set is there to stay.
      const isSetup = !link.isPrepared;
      steps.push({ kind: "query", statement, onError: kind === "query" ? "continue" : "stop", guarded, isSetup });
    }
  }
  if (kind === "commit" || kind === "rollback") steps.push({ kind });
  let undo = NOTHING;
  if (isBatch) {
    const release: Step = { kind: "release", name: BATCH };
    steps.push(guarded ? release : { kind: "commit" });
    undo = guarded ? [{ kind: "rollback-to", name: BATCH }, release] : [{ kind: "rollback" }];
  }
  return { commands, steps, undo, setup, ahead, startedAt };
}

/** The texts of a flight, for events: values stay out. */
export function toTexts(steps: readonly Step[]): string[] {
  return steps.map((step) =>
    step.kind === "query" ? step.statement.text : "name" in step ? `${step.kind} ${step.name}` : step.kind,
  );
}

export function isBad({ status }: StepOutcome): boolean {
  return status !== "done";
}

export function toResult(outcome: StepOutcome): RawResult {
  return (outcome as { readonly result: RawResult }).result;
}

// In a list, the error must say which statement it was.
export function toldApart(error: Error, kind: string, statementIndex: number, length: number): unknown {
  if (!isDbError(error, "QUERY_FAILED") || length < 2 || statementIndex >= length) return error;
  const message = `statement ${statementIndex + 1} of ${length} in the ${kind}: ${error.message.slice(error.code.length + 2)}`;
  return new DbError(error.code, message, { ...error.details, statementIndex }, error);
}
