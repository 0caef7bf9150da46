import type { ContractDialect } from "../../../src/integrations/adapter-contract/index.ts";
import { sqliteDialect } from "../../../src/integrations/adapter-contract/sqlite-dialect.ts";

/** The dialect of libSQL servers: SQLite's, less what they refuse. */
export const libsqlDialect: Omit<ContractDialect, "kill"> = {
  ...sqliteDialect,
  // The addon behind the test server cuts text at a NUL when it reads it.
  values: sqliteDialect.values.filter(({ name }) => name !== "text with a NUL"),
  failures: sqliteDialect.failures.map(({ dialectCode, ...rest }) => ({
    ...rest,
    // Its parser's errors have a name of their own.
    ...(dialectCode !== undefined && { dialectCode: rest.kind === "syntax" ? "SQL_PARSE_ERROR" : dialectCode }),
  })),
  leftovers: [
    {
      name: "a pragma",
      leave: ["PRAGMA foreign_keys = OFF"],
      look: "SELECT NOT foreign_keys FROM pragma_foreign_keys",
    },
  ],
  harmless: ["PRAGMA foreign_keys", "PRAGMA table_info(parent)", "PRAGMA integrity_check(1)"],
};

/** What `@libsql/client` changes of it. */
export const clientDialect: Partial<ContractDialect> = {
  // Nothing tells whether a transaction is over: client.test.ts shows that nothing runs on in autocommit.
  losing: undefined,
  leftovers: [],
  kill: undefined,
};
