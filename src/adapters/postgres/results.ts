import type { RawResult, SqlValue, Statement } from "../../contract/statement.ts";
import type { StepOutcome } from "../../contract/adapter.ts";
import { DbError } from "../../errors.ts";
import { failure } from "./outcomes.ts";
import type { Parser, Parsers } from "./parsers.ts";
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
export function toOutcome(raw: RawRows, own: Parsers, { text, parsers }: Statement): StepOutcome {
  try {
    return { status: "done", result: toResult(raw, own, parsers) };
  } catch (error) {
    return failure(unread(error, text));
  }
}

function toResult({ fields, rows, command, count }: RawRows, own: Parsers, parsers: Statement["parsers"]): RawResult {
  return {
    columns: fields.map(({ name }) => name),
    columnTypes: fields.map(({ dataTypeID }) => dataTypeID),
    rows: toRows(fields, rows, own, parsers),
    rowsAffected: WRITES.includes(command) ? count : 0,
    command,
  };
}

export function toRows(
  fields: readonly RawField[],
  rows: readonly (readonly (string | null)[])[],
  own: Parsers,
  parsers: Statement["parsers"],
): SqlValue[][] {
  const parse = fields.map(({ dataTypeID }) => (parsers?.[dataTypeID] as Parser | undefined) ?? own.of(dataTypeID));
  return rows.map((row) => row.map((cell, index) => (cell === null ? null : parse[index]!(cell))));
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
