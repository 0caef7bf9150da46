import type { RawResult, SqlValue } from "../../contract/statement.ts";
import type { StepOutcome } from "../../contract/adapter.ts";
import { DbError } from "../../errors.ts";
import { failure } from "./outcomes.ts";
import type { Parsers } from "./parsers.ts";
import type { RawField } from "./wire.ts";

/** What a statement gave, still as texts. */
export interface RawRows {
  readonly fields: readonly RawField[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** First word of the command's tag: `INSERT`. */
  readonly command: string;
  /** Last number of the tag, if there is one. */
  readonly count: number;
}

const WRITES = ["INSERT", "UPDATE", "DELETE", "MERGE"];

/** Reads a result, over HTTP and WebSocket alike. */
export function toOutcome(raw: RawRows, own: Parsers, sql: string): StepOutcome {
  try {
    return { status: "done", result: toResult(raw, own) };
  } catch (error) {
    return failure(unread(error, sql));
  }
}

function toResult({ fields, rows, command, count }: RawRows, own: Parsers): RawResult {
  return {
    columns: fields.map(({ name }) => name),
    rows: toRows(fields, rows, own),
    rowsAffected: WRITES.includes(command) ? count : 0,
  };
}

export function toRows(
  fields: readonly RawField[],
  rows: readonly (readonly (string | null)[])[],
  own: Parsers,
): SqlValue[][] {
  const parsers = fields.map(({ dataTypeID }) => own.of(dataTypeID));
  return rows.map((row) => row.map((cell, index) => (cell === null ? null : parsers[index]!(cell))));
}

/** A parser has thrown: the statement itself was done. */
export function unread(cause: unknown, sql: string): DbError {
  const message = "the statement ran, but a parser failed on its rows: see `cause`";
  return new DbError(
    "QUERY_FAILED",
    message,
    { kind: "other", sql, dialectCode: undefined },
    { cause, outcome: "executed" },
  );
}
