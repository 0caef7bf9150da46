import type { DriverConnection, Step, StepOutcome } from "../../contract/adapter.ts";
import type { RawResult } from "../../contract/statement.ts";
import { isDbError } from "../../errors.ts";
import { transactionLost } from "../shared/failures.ts";
import { toBrokenKey } from "../sqlite/foreign-keys.ts";
import { hasOwnRowid } from "../sqlite/own-rowid.ts";
import { scan } from "../sqlite/scan.ts";
import { toDbError } from "./errors.ts";
import { decode, toInteger } from "./values.ts";
import type { WireError, WireResponse, WireResult } from "./wire.ts";

export const SKIPPED: StepOutcome = { status: "skipped" };
export const DONE: StepOutcome = { status: "done", result: { columns: [], rows: [], rowsAffected: 0 } };

export type StreamState = Exclude<DriverConnection["state"], "closed">;

/** Where a wire step stands: which batch, and which step of it. */
export interface Position {
  readonly group: number;
  readonly at: number;
}

/** A step on its way: `known` is told without asking, and what is not sent has no place. */
export interface PlacedStep extends Position {
  readonly step: Step;
  readonly known: StepOutcome | undefined;
  /** Of a commit: where foreign keys are checked ahead of it. */
  readonly check?: number | undefined;
}

/** What a batch tells of a step; neither: it was skipped. */
export function read(
  { group, at }: Position,
  responses: readonly WireResponse[],
): { result?: WireResult | null | undefined; error?: WireError | null | undefined } {
  const { error, response } = responses[group] ?? {};
  return { result: response?.result?.step_results[at], error: error ?? response?.result?.step_errors[at] };
}

// Nothing to roll back: that is what was wanted.
function isGoneAnyway(kind: Step["kind"], { message, code }: WireError): boolean {
  return kind === "rollback" && (code === "TRANSACTION_TIMEOUT" || message.includes("no transaction is active"));
}

export function statusOf(placed: PlacedStep, responses: readonly WireResponse[]): StepOutcome["status"] {
  const { result, error } = read(placed, responses);
  // What was refused here has done nothing to the transaction.
  if (placed.known) return placed.known.status === "done" ? "done" : "skipped";
  if (result) return "done";
  return error ? (isGoneAnyway(placed.step.kind, error) ? "done" : "failed") : "skipped";
}

export function toOutcome(placed: PlacedStep, responses: readonly WireResponse[]): StepOutcome {
  const { step, known, group, check } = placed;
  const { kind } = step;
  if (known) return known;
  const { result, error } = read(placed, responses);
  if (result) return kind === "query" ? { status: "done", result: toResult(result, step.statement.text) } : DONE;
  if (kind === "rollback" && (!error || isGoneAnyway(kind, error))) return DONE;
  if (error) return { status: "failed", error: toDbError(error, kind === "query" ? step.statement : { text: kind }) };
  const broken = check === undefined ? undefined : read({ group, at: check }, responses).error;
  if (broken) return { status: "failed", error: toBrokenKey(broken.message) ?? toDbError(broken, { text: kind }) };
  // Nothing stopped the flight before it: its condition was not met, and the transaction is gone.
  return kind === "query" || kind === "begin" ? SKIPPED : { status: "failed", error: transactionLost(kind) };
}

function toResult({ cols, rows, affected_row_count, last_insert_rowid: rowid }: WireResult, text: string): RawResult {
  const { isWrite } = scan(text);
  const rowsAffected = isWrite ? affected_row_count : 0;
  const result = {
    columns: cols.map(({ name }) => name ?? ""),
    rows: rows.map((row) => row.map(decode)),
    rowsAffected,
  };
  return rowsAffected > 0 && hasOwnRowid(text) && rowid != null
    ? { ...result, lastInsertRowid: toInteger(rowid) }
    : result;
}

export function toState(state: StreamState, kind: Step["kind"], status: StepOutcome["status"]): StreamState {
  if (status === "skipped") return state;
  if (status === "failed") return state === "transaction" ? "failed" : state;
  if (kind === "begin" || kind === "rollback-to") return "transaction";
  return kind === "commit" || kind === "rollback" ? "idle" : state;
}

/** Whether another one has the lock. */
export function isBusyOutcome(outcome: StepOutcome | undefined): boolean {
  return (
    outcome?.status === "failed" && isDbError(outcome.error, "QUERY_FAILED") && outcome.error.details.kind === "busy"
  );
}

/** Whether a request failed, or something in it. */
export function hasError({ error, response }: WireResponse): boolean {
  return error !== undefined || (response?.result?.step_errors.some(Boolean) ?? false);
}
