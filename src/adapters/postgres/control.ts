// The statements that isopool itself asks for.

import type { BeginOptions, Step } from "../../contract/adapter.ts";
import type { RunPart } from "./pipeline.ts";

export function run(text: string): RunPart {
  return { kind: "run", bound: { text, values: [] } };
}

/** Rides behind BEGIN, so that a transaction nobody comes back to is ended by the server. */
export function patience(idleInTransactionMs: number): RunPart[] {
  return idleInTransactionMs > 0 ? [run(`SET LOCAL idle_in_transaction_session_timeout = ${idleInTransactionMs}`)] : [];
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
