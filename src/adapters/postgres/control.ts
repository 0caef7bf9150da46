// The statements that isopool itself asks for.

import type { BeginOptions, Step } from "../../contract/adapter.ts";
import type { Bound } from "./values.ts";

/** A value that only this session has, from its reset on; and what fails in one that has it not. */
export const SET_MARK = "SELECT pg_catalog.set_config('isopool.mark', $1, false)";
export const CHECK_MARK = "SELECT 1 / (coalesce(pg_catalog.current_setting('isopool.mark', true), '') = $1)::int";

let seed: string | undefined;
let marks = 0;

/** A value for these. To write a random number is dear: there is one for all of this isolate. */
export function freshMark(): string {
  return `${(seed ??= String(Math.random()))}.${++marks}`;
}

export function bare(text: string): Bound {
  return { text, values: [] };
}

/** Rides behind BEGIN, so that a transaction nobody comes back to is ended by the server. */
export function idleTimeout(idleInTransactionMs: number): Bound {
  return bare(`SET LOCAL idle_in_transaction_session_timeout = ${idleInTransactionMs}`);
}

/**
 * PostgreSQL's text of a step: `BEGIN ISOLATION LEVEL SERIALIZABLE`, `SAVEPOINT "name"`.
 *
 * @example
 * textOf({ kind: "rollback-to", name: "a" }); // 'ROLLBACK TO SAVEPOINT "a"'
 */
export function textOf(step: Exclude<Step, { kind: "query" }>): string {
  if (step.kind === "begin") return beginOf(step.options);
  const name = "name" in step ? ` "${step.name.replaceAll('"', '""')}"` : "";
  return step.kind === "rollback-to" ? `ROLLBACK TO SAVEPOINT${name}` : `${step.kind.toUpperCase()}${name}`;
}

function beginOf({ isolationLevel, accessMode }: BeginOptions): string {
  const modes = [isolationLevel && `ISOLATION LEVEL ${isolationLevel}`, accessMode].filter(Boolean).join(", ");
  return modes ? `BEGIN ${modes.toUpperCase()}` : "BEGIN";
}
