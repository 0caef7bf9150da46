import { createClient } from "@libsql/client/web";
import type { LibsqlServerOptions, RunningServer } from "../../servers/libsql/libsql-server.ts";
import { clientDialect } from "../../adapters/libsql/dialect.ts";
import { libsqlTarget } from "../../adapters/libsql/target.ts";
import type { Suites } from "./suites.ts";

export const suites: Suites = ({ start }) => {
  const startServer = start<LibsqlServerOptions, RunningServer>("libsql");
  return {
    "libSQL over fetch, to sqld": libsqlTarget(startServer, { profile: "sqld" }),
    "libSQL over fetch, to Turso Cloud": libsqlTarget(startServer, { profile: "turso-cloud" }),
    "@libsql/client, to sqld": libsqlTarget(startServer, { profile: "sqld" }, { createClient }, clientDialect),
    "@libsql/client, to Turso Cloud": libsqlTarget(
      startServer,
      { profile: "turso-cloud" },
      { createClient },
      clientDialect,
    ),
  };
};
