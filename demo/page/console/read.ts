// One statement's answer: the rows of a query as they come, a batch at a time, so that a million of them stop nobody.

import { isDbError, type Queryable, type SqlValue } from "../../../src/index.ts";
import type { Grid } from "../results.ts";
import { isRead } from "../sql/verb.ts";

/** More rows of one result are not kept. */
const MOST_ROWS = 1_000_000;
const BATCH = 1_000;

export interface Read {
  readonly grid: Grid;
  readonly rowsAffected: number;
  /** There were more. */
  readonly isCut: boolean;
}

export interface Asked {
  readonly text: string;
  readonly params: SqlValue[] | Record<string, SqlValue>;
}

export async function read(
  target: Queryable,
  asked: Asked,
  signal: AbortSignal,
  onRows: (rows: number) => void,
): Promise<Read> {
  const streamed = isRead(asked.text) ? await stream(target, asked, signal, onRows) : undefined;
  if (streamed) return streamed;
  const { columns, rows, rowsAffected } = await target.raw(asked, { signal });
  return { grid: { columns, rows: rows.slice(0, MOST_ROWS) }, rowsAffected, isCut: rows.length > MOST_ROWS };
}

/** @returns `undefined` where the rows have to come as arrays: none of them, names that are equal, or names that objects put in another order. */
async function stream(
  target: Queryable,
  asked: Asked,
  signal: AbortSignal,
  onRows: (rows: number) => void,
): Promise<Read | undefined> {
  let columns: string[] | undefined;
  const rows: SqlValue[][] = [];
  try {
    for await (const row of target.stream(asked, { batchSize: BATCH, signal })) {
      if (rows.length === MOST_ROWS) return { grid: { columns: columns ?? [], rows }, rowsAffected: 0, isCut: true };
      columns ??= Object.keys(row);
      if (rows.length === 0 && columns.some((name) => /^\d+$/.test(name))) return undefined;
      rows.push(Object.values(row));
      if (rows.length % BATCH === 0) onRows(rows.length);
    }
  } catch (error) {
    if (isDbError(error, "QUERY_FAILED") && error.message.includes("columns are named")) return undefined;
    throw error;
  }
  return columns && { grid: { columns, rows }, rowsAffected: 0, isCut: false };
}
