import type { RawResult, SqlValue } from "../../contract/statement.ts";
import type { RawField } from "./wire.ts";
import { parserOf, type Parsers } from "./values.ts";

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
export function toResult({ fields, rows, command, count }: RawRows, own: Parsers): RawResult {
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
  const parsers = fields.map(({ dataTypeID }) => parserOf(dataTypeID, own));
  return rows.map((row) => row.map((cell, index) => (cell === null ? null : parsers[index]!(cell))));
}
