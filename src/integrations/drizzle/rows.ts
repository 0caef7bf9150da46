import type { RawResult, SqlValue } from "../../index.ts";

export type ObjectRow = Record<string, unknown>;

/** What Drizzle's `run()` gives, in the shape of @libsql/client's result. */
export interface RunResult {
  readonly columns: string[];
  /** `""` for each: declared types are not known. */
  readonly columnTypes: string[];
  readonly rows: ObjectRow[];
  readonly rowsAffected: number;
  readonly lastInsertRowid: bigint | undefined;
}

export function toRunResult(raw: RawResult): RunResult {
  // D1 knows behind COMMIT what it has changed: it is asked when somebody looks.
  if (raw.isLate)
    return {
      ...{ columns: [], columnTypes: [], rows: [] },
      get rowsAffected() {
        return raw.rowsAffected;
      },
      get lastInsertRowid() {
        const { lastInsertRowid: id } = raw;
        return id === undefined ? undefined : BigInt(id);
      },
    };
  const { columns, rowsAffected, lastInsertRowid } = raw;
  return {
    columns: [...columns],
    columnTypes: columns.map(() => ""),
    rows: toObjects(raw),
    rowsAffected,
    lastInsertRowid: lastInsertRowid === undefined ? undefined : BigInt(lastInsertRowid),
  };
}

/** Of two columns with one name the last counts, as with every driver of Drizzle's. */
export function toObjects({ columns, rows }: RawResult): ObjectRow[] {
  return rows.map((row) => Object.fromEntries(row.map((value, index) => [columns[index]!, toNode(value)])));
}

export function toArrays({ rows }: RawResult): unknown[][] {
  return platform ? rows.map((row) => (row.some(isBytes) ? row.map(toNode) : row)) : rows;
}

type FromBytes = (buffer: ArrayBufferLike, at: number, length: number) => Uint8Array;

// Where the platform has it, Drizzle's own drivers give one, and its users call its methods.
const platform = (globalThis as unknown as { readonly Buffer?: { readonly from: FromBytes } }).Buffer;

/** A Buffer for bytes, where there are Buffers. */
export function toNode(value: SqlValue): unknown {
  return platform && isBytes(value) ? platform.from(value.buffer, value.byteOffset, value.byteLength) : value;
}

function isBytes(value: SqlValue): value is Uint8Array {
  return value instanceof Uint8Array;
}
