import type { Flight, Step, StepOutcome } from "../contract/adapter.ts";
import type { RawResult } from "../contract/statement.ts";
import { DbError, isDbError } from "../errors.ts";
import type { Command } from "./command.ts";
import { toStep } from "./link.ts";
import type { Transaction } from "./transaction.ts";

/** A flight and how to read what comes back: which outcomes are whose. */
export interface Plan {
  readonly flight: Flight;
  /** How many steps ride ahead of the commands' own. */
  readonly ahead: number;
}

/** Writes the flight that carries these commands, which are of one scope; a command that is alone comes alone. */
export function planFlight(commands: readonly Command[], transaction: Transaction): Plan {
  const [first] = commands as [Command];
  const guarded = transaction.isWanted || transaction.state !== "none";
  if (first.kind === "query") {
    const ahead = transaction.ahead(first.scope);
    const own = commands.map(({ statements }) => toStep(statements[0]!, "continue", guarded));
    return { flight: { steps: ahead.length === 0 ? own : [...ahead, ...own] }, ahead: ahead.length };
  }
  if (first.kind === "rollback") return { flight: { steps: [{ kind: "rollback" }] }, ahead: 0 };
  // A `call` sends its statement itself.
  const own: Step[] = (first.kind === "call" ? [] : first.statements).map((statement) => toStep(statement, "stop", guarded));
  if (first.kind === "commit") {
    const ahead = own.length === 0 ? transaction.aheadOfCommit() : transaction.ahead(first.scope);
    return { flight: { steps: [...ahead, ...own, { kind: "commit" }] }, ahead: ahead.length };
  }
  const ahead = transaction.ahead(first.scope);
  if (own.length < 2) return { flight: { steps: [...ahead, ...own] }, ahead: ahead.length };
  const [before, after, undo] = guarded ? SAVEPOINT : WHOLE;
  return { flight: { steps: [...ahead, before, ...own, after], undo }, ahead: ahead.length + 1 };
}

// A batch is all or nothing: a savepoint inside a transaction, a transaction of its own outside.
const NAME = { name: "isopool_batch" };
const SAVEPOINT: readonly [Step, Step, readonly Step[]] = [
  { kind: "savepoint", ...NAME },
  { kind: "release", ...NAME },
  [
    { kind: "rollback-to", ...NAME },
    { kind: "release", ...NAME },
  ],
];
const WHOLE: readonly [Step, Step, readonly Step[]] = [
  { kind: "begin", options: {} },
  { kind: "commit" },
  [{ kind: "rollback" }],
];

/**
 * Hands each command its own result or its own error.
 *
 * @param outcomes - of the flight's steps from the commands' own on.
 * @param blocked - why a step was skipped: what failed ahead of it, or the loss of the transaction.
 */
export function settle(commands: readonly Command[], outcomes: readonly StepOutcome[], blocked: () => unknown): void {
  if (commands[0]!.kind === "query") {
    commands.forEach((command, index) => {
      const outcome = outcomes[index]!;
      if (outcome.status === "done") command.resolve([outcome.result]);
      else command.reject(outcome.status === "failed" ? outcome.error : blocked());
    });
    return;
  }
  const [command] = commands as [Command];
  const results: RawResult[] = [];
  for (let index = 0; index < outcomes.length; index++) {
    const outcome = outcomes[index]!;
    if (outcome.status === "done") results.push(outcome.result);
    else return command.reject(outcome.status === "failed" ? toldApart(outcome.error, index, command) : blocked());
  }
  command.resolve(results.slice(0, command.statements.length));
}

// In a list, the message must say which statement it was.
function toldApart(error: Error, index: number, { statements, kind }: Command): unknown {
  if (!isDbError(error, "QUERY_FAILED") || index >= statements.length || statements.length < 2) return error;
  const what = kind === "batch" ? "the batch" : "the commit";
  return new DbError(
    error.code,
    `statement ${index + 1} of ${statements.length} in ${what}: ${error.message.slice(error.code.length + 2)}`,
    { ...error.details, statementIndex: index },
    { cause: error.cause, retryable: error.retryable, outcome: error.outcome },
  );
}
