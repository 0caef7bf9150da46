import type { BeginOptions, DriverConnection, Flight, QueryStep, Step, StepOutcome } from "../../contract/adapter.ts";
import type { RawResult } from "../../contract/statement.ts";
import type { DbError } from "../../errors.ts";
import { scan } from "../sqlite/scan.ts";
import { transactionLost } from "../shared/failures.ts";
import { readOnly, toDbError } from "./errors.ts";
import { decode, toInteger, toWire } from "./values.ts";
import type { WireCondition, WireError, WireRequest, WireResponse, WireResult, WireStep } from "./wire.ts";

export const SKIPPED: StepOutcome = { status: "skipped" };
export const DONE: StepOutcome = { status: "done", result: { columns: [], rows: [], rowsAffected: 0 } };
export const NOT_AUTOCOMMIT: WireCondition = { type: "not", cond: { type: "is_autocommit" } };
const NEVER: WireStep = { stmt: { sql: "SELECT 1" }, condition: { type: "or", conds: [] } };

/** What a flight finds, and what it leaves. */
export interface Ground {
  readonly state: Exclude<DriverConnection["state"], "closed">;
  readonly isReadOnly: boolean;
}

/** A step on its way: `known` is told without asking, and what is not sent has no place. */
interface Placed {
  readonly step: Step;
  readonly group: number;
  readonly at: number;
  readonly known: StepOutcome | undefined;
}

/**
 * A flight as one pipeline: batches whose conditions make steps stop, skip and undo at the server.
 *
 * With version 2 of the protocol, nothing tells whether a transaction is still there: after any failure in it only a
 * rollback is let through, for a database that had ended it would run on in autocommit.
 */
export class Plan {
  readonly #version: 2 | 3;
  readonly #refused: ReadonlyMap<Step, DbError>;
  readonly #groups: WireStep[][] = [];
  readonly #placed: Placed[] = [];
  readonly #undone: Placed[] = [];
  #isOpen: boolean;
  #isFailed: boolean;
  #isReadOnly: boolean;
  /** Place of the last step in the group that stops the flight when it fails. */
  #stopper = -1;

  /** @param refused - steps that are known to fail, and how. */
  constructor(
    { steps, undo = [] }: Flight,
    { state, isReadOnly }: Ground,
    version: 2 | 3,
    refused: ReadonlyMap<Step, DbError>,
  ) {
    this.#version = version;
    this.#refused = refused;
    this.#isOpen = state !== "idle";
    this.#isFailed = state === "failed";
    this.#isReadOnly = isReadOnly;
    const apart = findApart(steps, version);
    steps.forEach((step, index) => {
      if (index >= apart || index === 0) this.#startGroup();
      this.#placed.push(this.#place(step, steps.slice(index + 1)));
    });
    if (this.#stopper < 0) return;
    const stopped: WireCondition = { type: "not", cond: { type: "ok", step: this.#stopper } };
    for (const step of undo)
      this.#undone.push(
        this.#add(step, textOf(step), [stopped, ...(needsTransaction(step) && version > 2 ? [NOT_AUTOCOMMIT] : [])]),
      );
  }

  /** Whether the transaction that it leaves, if any, may only read. */
  get isReadOnly(): boolean {
    return this.#isReadOnly;
  }

  /** Empty when all is known without asking. */
  get requests(): WireRequest[] {
    const requests: WireRequest[] = this.#groups
      .filter((steps) => steps.length > 0)
      .map((steps) => ({ type: "batch", batch: { steps } }));
    return requests.length > 0 && this.#version > 2 ? [...requests, { type: "get_autocommit" }] : requests;
  }

  /** The queries in a batch of several steps, of which no step is told what became of it when the batch fails as a whole. */
  queriesOf(group: number): QueryStep[] {
    if ((this.#groups[group]?.length ?? 0) < 2) return [];
    return this.#placed.flatMap(({ step, known, ...placed }) =>
      step.kind === "query" && !known && placed.group === group ? step : [],
    );
  }

  outcomes(responses: readonly WireResponse[]): StepOutcome[] {
    let isStopped = false;
    return this.#placed.map((placed) => {
      const outcome = isStopped ? SKIPPED : toOutcome(placed, responses);
      if (outcome.status === "failed") isStopped = placed.step.kind !== "query" || placed.step.onError === "stop";
      return outcome;
    });
  }

  /** Version 2: the state that can be told from what became of each step. */
  stateAfter(responses: readonly WireResponse[], { state }: Ground): Ground["state"] {
    const all = [...this.#placed, ...this.#undone];
    return all.reduce((before, placed) => toState(before, placed.step.kind, statusOf(placed, responses)), state);
  }

  hasCommitted(responses: readonly WireResponse[]): boolean {
    return this.#placed.some((placed) => placed.step.kind === "commit" && statusOf(placed, responses) === "done");
  }

  #startGroup(): void {
    if (this.#groups.at(-1)?.length !== 0) this.#groups.push([]);
    this.#stopper = -1;
  }

  #place(step: Step, following: readonly Step[]): Placed {
    const known = this.#look(step);
    if (known && known.status !== "failed") return { step, group: -1, at: -1, known };
    const conditions: WireCondition[] = this.#stopper < 0 ? [] : [{ type: "ok", step: this.#stopper }];
    if (needsTransaction(step) && this.#version > 2) conditions.push(NOT_AUTOCOMMIT);
    const placed = known ? this.#addStep(step, NEVER, known) : this.#add(step, textOf(step, following), conditions);
    if (step.kind !== "query" || step.onError === "stop" || (this.#version < 3 && step.guarded))
      this.#stopper = placed.at;
    this.#foresee(step);
    return placed;
  }

  /** What is known of a step without asking. */
  #look(step: Step): StepOutcome | undefined {
    const { kind } = step;
    const refused = this.#refused.get(step);
    if (refused) return { status: "failed", error: refused };
    const isOpen = this.#isOpen && (!this.#isFailed || kind.startsWith("rollback"));
    if (kind === "query") {
      const { text } = step.statement;
      if (!isOpen && (step.guarded || this.#isFailed)) return SKIPPED;
      return isOpen && this.#isReadOnly && !mayOnlyRead(text) ? { status: "failed", error: readOnly(text) } : undefined;
    }
    if (isOpen || kind === "begin") return undefined;
    return kind === "rollback" ? DONE : { status: "failed", error: transactionLost(kind) };
  }

  #foresee(step: Step): void {
    if (step.kind === "begin") {
      this.#isOpen = true;
      this.#isReadOnly = step.options.accessMode === "read only";
    } else if (step.kind === "commit" || step.kind === "rollback") this.#isOpen = this.#isReadOnly = false;
    if (step.kind.startsWith("rollback")) this.#isFailed = false;
  }

  #add(step: Step, sql: string | undefined, conds: readonly WireCondition[]): Placed {
    const condition = conds.length > 1 ? ({ type: "and", conds } as const) : conds[0];
    const stmt = step.kind === "query" ? toWire(step.statement) : { sql: sql! };
    return this.#addStep(step, condition ? { stmt, condition } : { stmt }, undefined);
  }

  #addStep(step: Step, wire: WireStep, known: StepOutcome | undefined): Placed {
    const group = this.#groups.length - 1;
    return { step, group, at: this.#groups[group]!.push(wire) - 1, known };
  }
}

/**
 * Where the queries begin that each travel in a batch of its own, for one that cannot be parsed takes its whole batch
 * with it: possible where no later step depends on an earlier one in more than being in a transaction.
 */
function findApart(steps: readonly Step[], version: 2 | 3): number {
  const first = steps.findIndex((step) => step.kind === "query" && step.onError === "continue");
  const isAfterBegin = first > 0 && steps[first - 1]!.kind === "begin";
  const isApart = (step: Step): boolean =>
    step.kind === "query" && step.onError === "continue" && (step.guarded ? version > 2 : !isAfterBegin);
  return (first === 0 || isAfterBegin) && steps.slice(first).every(isApart) ? first : steps.length;
}

function needsTransaction(step: Step): boolean {
  return step.kind === "query" ? step.guarded : step.kind !== "begin";
}

export function textOf(step: Step, following: readonly Step[] = []): string | undefined {
  if (step.kind === "query") return undefined;
  if (step.kind === "begin") return `BEGIN ${modeOf(step.options, following)}`;
  return step.kind.replace("-", " ").toUpperCase() + ("name" in step ? ` "${step.name.replaceAll('"', '""')}"` : "");
}

// A transaction whose first flight writes waits for the lock at once, where waiting heals; one that only reads there would
// block others for nothing. Where it reads first and writes later, it may lose a race then: `retry` begins it anew.
export function modeOf({ accessMode }: BeginOptions, following: readonly Step[]): "IMMEDIATE" | "DEFERRED" {
  const isWrite = following.some((step) => step.kind === "query" && !mayOnlyRead(step.statement.text));
  return accessMode === "read write" || (!accessMode && isWrite) ? "IMMEDIATE" : "DEFERRED";
}

/** Whether a statement changes nothing. */
export function mayOnlyRead(text: string): boolean {
  const { isRead, verb, leavesState } = scan(text);
  return isRead || verb === "EXPLAIN" || (verb === "PRAGMA" && !leavesState && !text.includes("="));
}

/** What a batch tells of a step; neither: it was skipped. */
function read(
  { group, at }: Placed,
  responses: readonly WireResponse[],
): { result?: WireResult | null | undefined; error?: WireError | null | undefined } {
  const { error, response } = responses[group] ?? {};
  return { result: response?.result?.step_results[at], error: error ?? response?.result?.step_errors[at] };
}

// Nothing to roll back: that is what was wanted.
function isGoneAnyway(kind: Step["kind"], { message, code }: WireError): boolean {
  return kind === "rollback" && (code === "TRANSACTION_TIMEOUT" || message.includes("no transaction is active"));
}

function statusOf(placed: Placed, responses: readonly WireResponse[]): StepOutcome["status"] {
  const { result, error } = read(placed, responses);
  // What was refused here has done nothing to the transaction.
  if (placed.known) return placed.known.status === "done" ? "done" : "skipped";
  if (result) return "done";
  return error ? (isGoneAnyway(placed.step.kind, error) ? "done" : "failed") : "skipped";
}

function toOutcome(placed: Placed, responses: readonly WireResponse[]): StepOutcome {
  const { step, known } = placed;
  const { kind } = step;
  if (known) return known;
  const { result, error } = read(placed, responses);
  if (result) return kind === "query" ? { status: "done", result: toResult(result, step.statement.text) } : DONE;
  if (kind === "rollback" && (!error || isGoneAnyway(kind, error))) return DONE;
  if (error) return { status: "failed", error: toDbError(error, kind === "query" ? step.statement : { text: kind }) };
  // Nothing stopped the flight before it: its condition was not met, and the transaction is gone.
  return kind === "query" || kind === "begin" ? SKIPPED : { status: "failed", error: transactionLost(kind) };
}

function toResult({ cols, rows, affected_row_count, last_insert_rowid: rowid }: WireResult, text: string): RawResult {
  const { isWrite, verb } = scan(text);
  const rowsAffected = isWrite ? affected_row_count : 0;
  const result = {
    columns: cols.map(({ name }) => name ?? ""),
    rows: rows.map((row) => row.map(decode)),
    rowsAffected,
  };
  return rowsAffected > 0 && /^INS|^REP/.test(verb) && rowid != null
    ? { ...result, lastInsertRowid: toInteger(rowid) }
    : result;
}

function toState(state: Ground["state"], kind: Step["kind"], status: StepOutcome["status"]): Ground["state"] {
  if (status === "skipped") return state;
  if (status === "failed") return state === "transaction" ? "failed" : state;
  if (kind === "begin" || kind === "rollback-to") return "transaction";
  return kind === "commit" || kind === "rollback" ? "idle" : state;
}
