import { libsql, type LibsqlOptions } from "../../../src/adapters/libsql/index.ts";
import type { Dialect, Target } from "../../kit/adapter-contract.ts";
import { type LibsqlServerOptions, type RunningServer, startLibsqlServer } from "../../servers/libsql/libsql-server.ts";
import { sqliteDialect } from "../sql-js/target.ts";

/** The dialect of libSQL servers: SQLite's, less what they refuse. */
const libsqlDialect: Omit<Dialect, "kill"> = {
  ...sqliteDialect,
  // The addon behind the test server cuts text at a NUL when it reads it.
  values: sqliteDialect.values.filter(({ name }) => name !== "text with a NUL"),
  failures: sqliteDialect.failures.map(({ position, dialectCode, ...rest }) => ({
    ...rest,
    // Its parser's errors have a name of their own, and no place where the token stands twice.
    ...(dialectCode !== undefined && { dialectCode: rest.kind === "syntax" ? "SQL_PARSE_ERROR" : dialectCode }),
    ...(position !== undefined && !/ FROM FROM|, ,/.test(rest.statement.text) && { position }),
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

/** A server for each case, and an adapter on it; no stream may be left at the server. */
export function libsqlTarget(
  server: LibsqlServerOptions,
  options: LibsqlOptions = {},
  dialect: Partial<Dialect> = {},
): Target {
  let running: RunningServer;
  return {
    dialect: {
      ...libsqlDialect,
      kill: server.profile === "turso-cloud" ? undefined : () => running.expireStreams(),
      ...dialect,
    },
    make: async () => {
      running = await startLibsqlServer(server);
      const { url } = running;
      return {
        factory: libsql(options),
        url,
        leaks: async () => (await running.open()).map(({ number }) => `stream ${number}`),
        dispose: () => running.stop(),
      };
    },
  };
}
