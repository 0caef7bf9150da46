import { type AdapterFactory, simpleAdapter, toSqliteError } from "../../../src/adapters/kit/index.ts";

/** The part of @sqlite.org/sqlite-wasm that is used. */
interface Statement {
  readonly pointer?: number;
  readonly columnCount: number;
  getColumnNames(): string[];
  bind(index: number, value: unknown): unknown;
  step(): boolean;
  get(row: unknown[]): unknown[];
  finalize(): unknown;
}

interface Database {
  readonly pointer?: number;
  isOpen(): boolean;
  prepare(text: string): Statement;
  close(): void;
}

export interface SqliteWasmOptions {
  /** The result of `await sqlite3InitModule()`. */
  readonly sqlite3: {
    readonly oo1: { readonly DB: new (file: string, flags: string) => Database };
    readonly capi: {
      sqlite3_get_autocommit(database: number): number;
      sqlite3_bind_double(statement: number, index: number, value: number): number;
    };
  };
}

/** SQLite's own build for the web, with FTS5 and R-Tree: `sqlite:memory`, or a file of one of its VFSes, `sqlite:/shop.db`. */
export function sqliteWasm({ sqlite3 }: SqliteWasmOptions): AdapterFactory {
  const { capi } = sqlite3;
  const bind = (statement: Statement, value: unknown, index: number): unknown =>
    // Whole numbers come as bigint; what is left are floats, and the build would cut large ones to integers.
    typeof value === "number"
      ? capi.sqlite3_bind_double(statement.pointer!, index, value)
      : statement.bind(index, value);
  const read = (db: Database, text: string, values: readonly unknown[]) => {
    const statement = db.prepare(text);
    try {
      values.forEach((value, index) => bind(statement, value, index + 1));
    } catch (error) {
      statement.finalize();
      throw error;
    }
    const columns = statement.columnCount > 0 ? statement.getColumnNames() : [];
    return { columns, rows: rowsOf(statement) };
  };
  return simpleAdapter<Database>({
    name: "sqlite-wasm",
    schemes: ["sqlite"],
    identity: [sqlite3],
    open({ url }) {
      const path = url.slice("sqlite:".length);
      return new sqlite3.oo1.DB(path === "memory" ? ":memory:" : path, "c");
    },
    run(db, { text, values }) {
      const { columns, rows } = read(db, text, values);
      return { columns, rows: [...rows] };
    },
    stream: (db, { text, values }) => read(db, text, values),
    inTransaction: (db) => capi.sqlite3_get_autocommit(db.pointer!) === 0,
    // Its messages begin with its own words for the code.
    toError: (thrown, statement) =>
      toSqliteError(
        new Error((thrown as Error).message.replace(/^SQLITE_\w+: sqlite3 result code \d+: /, "")),
        statement,
      ),
    isOpen: (db) => db.isOpen(),
    close: (db) => db.close(),
  });
}

function* rowsOf(statement: Statement): Generator<unknown[], void> {
  try {
    while (statement.step()) yield statement.get([]);
  } finally {
    statement.finalize();
  }
}
