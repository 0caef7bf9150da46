import type { BeginOptions, DriverConnection, Step, StepOutcome } from "../../contract/adapter.ts";
import { transactionLost } from "../shared/failures.ts";
import { toDbError } from "./errors.ts";
import { DONE, failure, isSetup, SKIPPED } from "./outcomes.ts";
import type { Answer, Part } from "./pipeline.ts";
import { toResult } from "./results.ts";
import { scan } from "./scan.ts";
import { bind, type Parsers } from "./values.ts";

/** Statements up to one Sync; `steps` are the places of their steps, `-1` what no step asked for. */
interface Segment {
  readonly parts: Part[];
  readonly steps: number[];
}

/** What one flight over WebSocket carries of the steps; the rest depends on what becomes of these. */
export interface Leg {
  readonly segments: readonly Segment[];
  /** What is known without asking, by place. */
  readonly known: ReadonlyMap<number, StepOutcome>;
  readonly end: number;
  /** Whether something of it stays, though no answer may come. */
  readonly isKept: boolean;
}

export interface Ground {
  readonly state: DriverConnection["state"];
  /** Longest time in a transaction without a statement, in milliseconds; 0 = the server's own. */
  readonly idleInTransactionMs: number;
  /** A number that this connection has not used before. */
  readonly turn: number;
}

/** Steps that share a Sync: setup; what is in a transaction; or one query alone. */
interface Group {
  readonly kind: "setup" | "transaction" | "alone";
  readonly start: number;
  readonly end: number;
}

// What may run behind another statement before a Sync: CREATE DATABASE and VACUUM, for two, may not.
const PLAIN = /^(SELECT|INSERT|UPDATE|DELETE|WITH|VALUES|MERGE|TABLE|SHOW|EXPLAIN)$/;

/** Plans the first leg of the steps from `start` on. */
export function planLeg(steps: readonly Step[], start: number, ground: Ground): Leg {
  const segments: Segment[] = [];
  const known = new Map<number, StepOutcome>();
  const isInside = ground.state !== "idle";
  let before: Group | undefined;
  let isKept = false;
  let at = start;
  while (at < steps.length) {
    const told = lookAt(steps[at]!, isInside);
    if (told) {
      known.set(at++, told);
      if (told.status === "failed") break;
      continue;
    }
    const group = groupAt(steps, at, isInside);
    if (before && !mayFollow(group, before, steps)) break;
    const isGuarded = before?.kind === "setup";
    if (isGuarded) add(segments.at(-1)!, run(`SET isopool.ready_${ground.turn} = 'on'`));
    segments.push(toSegment(steps, group, ground, isGuarded));
    isKept ||= group.kind === "alone" || steps.slice(at, group.end).some(({ kind }) => kind === "commit");
    before = group;
    at = group.end;
  }
  return { segments, known, end: at, isKept };
}

function groupAt(steps: readonly Step[], start: number, isInside: boolean): Group {
  const first = steps[start]!;
  if (isInside || first.kind === "begin") {
    const end = steps.findIndex(({ kind }, at) => at >= start && (kind === "commit" || kind === "rollback"));
    return { kind: "transaction", start, end: end < 0 ? steps.length : end + 1 };
  }
  if (!isSetup(first)) return { kind: "alone", start, end: start + 1 };
  const end = steps.findIndex((step, at) => at >= start && !isSetup(step));
  return { kind: "setup", start, end: end < 0 ? steps.length : end };
}

// The setup has a Sync of its own, for it outlives a rollback; a guard keeps what is behind it from running without it.
function mayFollow(group: Group, before: Group, steps: readonly Step[]): boolean {
  const [first, last] = [steps[group.start]!, steps[before.end - 1]!];
  if (before.kind === "setup")
    return group.kind === "transaction" || (first.kind === "query" && PLAIN.test(scan(first.statement.text).verb));
  return before.kind === "alone" && group.kind === "alone" && last.kind === "query" && last.onError === "continue";
}

function toSegment(steps: readonly Step[], { kind, start, end }: Group, ground: Ground, isGuarded: boolean): Segment {
  const { idleInTransactionMs, turn } = ground;
  const segment: Segment = { parts: [], steps: [] };
  if (isGuarded && kind !== "transaction") add(segment, guard(turn));
  const isOver = /^(commit|rollback)$/.test(steps[end - 1]!.kind);
  for (let at = start; at < end; at++) {
    const step = steps[at]!;
    const bound = step.kind === "query" ? bind(step.statement) : { text: textOf(step), values: [] };
    add(segment, { kind: "run", bound }, at);
    if (step.kind !== "begin") continue;
    if (!isOver) for (const part of patience(idleInTransactionMs)) add(segment, part);
    if (isGuarded) add(segment, guard(turn));
  }
  return segment;
}

function add({ parts, steps }: Segment, part: Part, at = -1): void {
  parts.push(part);
  steps.push(at);
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
  segments.forEach(({ steps: places, parts }, segment) => {
    places.forEach((at, index) => {
      const outcome = answer![segment]![index]!;
      if (at < 0 || outcome.status === "skipped") return;
      const step = steps[at]!;
      outcomes[at - start] =
        outcome.status === "failed"
          ? failure(errorOf(step, parts[index]!, outcome.error))
          : done(step, outcome.result, own);
    });
  });
  return outcomes;
}

function errorOf(step: Step, part: Part, error: Parameters<typeof toDbError>[0]): Error {
  const values = part.kind === "run" ? part.bound.values : [];
  return toDbError(error, step.kind === "query" ? step.statement : { text: step.kind }, values);
}

function done(step: Step, result: Parameters<typeof toResult>[0], own: Parsers): StepOutcome {
  if (step.kind === "query") return { status: "done", result: toResult(result, own) };
  // PostgreSQL answers the COMMIT of a transaction that had failed with ROLLBACK, and calls that a success.
  return step.kind === "commit" && result.command === "ROLLBACK" ? failure(transactionLost("commit")) : DONE;
}

/** What is known of a step without asking. */
function lookAt(step: Step, isInside: boolean): StepOutcome | undefined {
  if (isInside || step.kind === "begin") return undefined;
  if (step.kind === "query") return step.guarded ? SKIPPED : undefined;
  return step.kind === "rollback" ? DONE : failure(transactionLost(step.kind));
}

/** Rides behind BEGIN, so that a transaction nobody comes back to is ended by the server. */
export function patience(idleInTransactionMs: number): Part[] {
  return idleInTransactionMs > 0 ? [run(`SET LOCAL idle_in_transaction_session_timeout = ${idleInTransactionMs}`)] : [];
}

export function run(text: string): Part {
  return { kind: "run", bound: { text, values: [] } };
}

// Fails where the setup ahead of it has failed. It takes no snapshot: a transaction's level can still be set behind it.
function guard(turn: number): Part {
  return run(`SHOW isopool.ready_${turn}`);
}

function textOf(step: Exclude<Step, { kind: "query" }>): string {
  if (step.kind === "begin") return beginOf(step.options);
  const name = "name" in step ? ` "${step.name.replaceAll('"', '""')}"` : "";
  return step.kind === "rollback-to" ? `ROLLBACK TO SAVEPOINT${name}` : `${step.kind.toUpperCase()}${name}`;
}

function beginOf({ isolationLevel, accessMode }: BeginOptions): string {
  const modes = [isolationLevel && `ISOLATION LEVEL ${isolationLevel}`, accessMode].filter(Boolean).join(", ");
  return modes ? `BEGIN ${modes.toUpperCase()}` : "BEGIN";
}
