import { type AdapterFactory, simpleAdapter } from "../../../src/adapters/kit/index.ts";

/** The part of node:sqlite that is used: the class is passed in, so the adapter names no runtime. */
interface Statement {
  setReadBigInts(enabled: boolean): void;
  setReturnArrays(enabled: boolean): void;
  columns(): { readonly name: string | null }[];
  all(...values: unknown[]): unknown[];
  iterate(...values: unknown[]): Iterable<unknown>;
}

interface Database {
  readonly isOpen: boolean;
  readonly isTransaction: boolean;
  prepare(text: string): Statement;
  close(): void;
}

export interface NodeSqliteOptions {
  readonly DatabaseSync: new (path: string) => Database;
}

/** SQLite files, using Node's own driver: `file:///var/data/shop.db`. */
export function nodeSqlite({ DatabaseSync }: NodeSqliteOptions): AdapterFactory {
  return simpleAdapter<Database>({
    name: "node-sqlite",
    schemes: ["file"],
    identity: [DatabaseSync],
    key: (url) => new URL(url).href,
    open: ({ url }) => new DatabaseSync(decodeURIComponent(new URL(url).pathname)),
    run(db, { text, values }) {
      const { statement, columns } = prepare(db, text);
      return { columns, rows: statement.all(...values) as unknown[][] };
    },
    stream(db, { text, values }) {
      const { statement, columns } = prepare(db, text);
      return { columns, rows: statement.iterate(...values) as Iterable<unknown[]> };
    },
    inTransaction: (db) => db.isTransaction,
    isOpen: (db) => db.isOpen,
    close: (db) => db.close(),
  });
}

function prepare(db: Database, text: string): { statement: Statement; columns: string[] } {
  const statement = db.prepare(text);
  // Integers beyond 2^53-1 would throw, and columns of the same name would be lost.
  statement.setReadBigInts(true);
  statement.setReturnArrays(true);
  return { statement, columns: statement.columns().map(({ name }) => name ?? "") };
}
