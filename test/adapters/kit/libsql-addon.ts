import Libsql from "libsql";
import { type AdapterFactory, simpleAdapter } from "../../../src/adapters/kit/index.ts";

type Addon = InstanceType<typeof Libsql>;

/** The libsql addon, by the kit alone: what better-sqlite3's users would write. */
export function libsqlAddon(): AdapterFactory {
  return simpleAdapter<Addon>({
    name: "libsql-addon",
    schemes: ["file"],
    open: ({ url }) => new Libsql(new URL(url).pathname),
    run(db, { text, values }) {
      const statement = db.prepare(text);
      const columns = statement.columns().map(({ name }) => name);
      if (columns.length > 0) return { columns, rows: statement.raw().safeIntegers(true).all(values) as unknown[][] };
      statement.run(values);
      return { columns, rows: [] };
    },
    inTransaction: (db) => db.inTransaction,
    isOpen: (db) => db.open,
    close: (db) => void db.close(),
  });
}
