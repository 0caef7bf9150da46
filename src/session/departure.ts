import type { Flight, Step } from "../contract/adapter.ts";
import type { Command } from "./command.ts";
import type { Link } from "./link.ts";
import type { Scope } from "./scope.ts";
import type { Move } from "./stacks.ts";
import { type Transaction, toStep } from "./transaction.ts";
import type { UnitOptions } from "./unit.ts";

const BATCH = "isopool_batch";

/** A flight as its session knows it: for whom it flies, and what each of its steps is for. */
export interface Departure {
  readonly flight: Flight;
  readonly commands: readonly Command[];
  /** Behind the setup, and ahead of the commands' own steps: one step a move. */
  readonly moves: readonly Move<Scope>[];
  /** How many of the steps set the connection up. */
  readonly setup: number;
  /** How many of them come before the commands' own. */
  readonly ahead: number;
  /** What it undoes when it fails is all that the transaction holds. */
  readonly undoesAll: boolean;
  /** What the session had left in the connection by then is on no other one. */
  readonly hadState: boolean | undefined;
  /** When it left, for events. */
  readonly startedAt: number | undefined;
  /** Its texts, for events: written once, and only where somebody listens. */
  readonly texts: readonly string[] | undefined;
}

/**
 * Writes a flight: the pending setup, the difference of the stacks, then the commands. They are of one kind, with a COMMIT that
 * rides behind them, or only one.
 */
export function toDeparture(
  commands: readonly Command[],
  link: Link,
  transaction: Transaction,
  options: UnitOptions,
  startedAt: number | undefined,
): Departure {
  const { kind, scope, link: reads } = commands[0]!;
  const steps: Step[] = link.setup.length > 0 ? link.setup.splice(0) : [];
  const setup = steps.length;
  const owed = kind === "rollback" ? [] : transaction.ahead(scope);
  // A stream reads past parts that are under way or kept, but not past one that is to be taken back: PostgreSQL may refuse it.
  const readsOn = reads && transaction.isWithin(scope) && owed?.[0]?.kind !== "rollback-to";
  const moves = readsOn ? [] : owed!;
  for (const move of moves) steps.push(toStep(move));
  const isGuarded = !scope.isPlain;
  const { before, after, undo } = bracketsOf(commands[0]!, isGuarded, moves[0]?.kind === "begin", options);
  for (const step of before) steps.push(step);
  const ahead = steps.length;
  // Until the connection is prepared, it is its hooks that ask: what they set stays.
  const isSetup = !link.isPrepared;
  const { isRiding, isCommit } = commands.at(-1)!;
  const onError = kind === "query" && !isRiding && !commands[0]!.chain ? "continue" : "stop";
  for (const command of commands) {
    command.isFlying = true;
    // What a call does with its statements is its own affair.
    if (kind === "call") continue;
    for (const statement of command.statements)
      steps.push({ kind: "query", statement, onError, guarded: isGuarded, isSetup });
  }
  for (const step of after) steps.push(step);
  if (kind === "rollback") steps.push({ kind });
  else if (isCommit) steps.push({ kind: "commit" });
  const undoesAll = isGuarded && undo[0]?.kind === "rollback";
  // Written out: to spread them costs as much as a query.
  let flight: Flight = undo.length > 0 ? { steps, undo } : { steps };
  const { settings, fresh } = options;
  if (settings && !isGuarded) flight = { ...flight, settings };
  if (fresh === false) flight = { ...flight, fresh };
  const texts = startedAt === undefined ? undefined : toTexts(steps);
  const hadState = link.driver.hasSessionState;
  return { flight, commands, moves, setup, ahead, undoesAll, hadState, startedAt, texts };
}

/** What stands around a list, so that it is all or nothing. */
interface Brackets {
  readonly before: readonly Step[];
  readonly after: readonly Step[];
  readonly undo: readonly Step[];
}

const NONE: Brackets = { before: [], after: [], undo: [] };
const ROLLBACK: Step = { kind: "rollback" };
const RELEASE: Step = { kind: "release", name: BATCH };

/** A savepoint inside a transaction, and nothing where that begins with the list; else a transaction of its own. */
function bracketsOf(
  { kind, statements }: Command,
  isGuarded: boolean,
  isFresh: boolean,
  { settings, inner: { accessMode } = {} }: UnitOptions,
): Brackets {
  if (kind !== "batch" && kind !== "commit") return NONE;
  const isReadOnly = accessMode === "read only";
  // Of one statement too: PostgreSQL takes no more after its failure, and `insert or fail` keeps some of its rows.
  const least = kind === "batch" && (isGuarded || isReadOnly) ? 1 : 2;
  if (statements.length < least) return NONE;
  if (!isGuarded)
    return {
      before: [{ kind: "begin", options: { ...(settings && { settings }), ...(isReadOnly && { accessMode }) } }],
      after: [{ kind: "commit" }],
      undo: [ROLLBACK],
    };
  if (kind === "commit" && isFresh) return { ...NONE, undo: [ROLLBACK] };
  return {
    before: [{ kind: "savepoint", name: BATCH }],
    after: [RELEASE],
    undo: [{ kind: "rollback-to", name: BATCH }, RELEASE],
  };
}

/** The texts of a flight, for events: values stay out. */
export function toTexts(steps: readonly Step[]): string[] {
  return steps.map((step) =>
    step.kind === "query" ? step.statement.text : "name" in step ? `${step.kind} ${step.name}` : step.kind,
  );
}
