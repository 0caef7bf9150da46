import { startLibsqlServer } from "../servers/libsql/libsql-server.ts";
import { contractEverywhere } from "./contract/everywhere.ts";
import { suites } from "./contract/libsql.ts";

contractEverywhere({ file: "libsql.ts", suites, servers: { libsql: startLibsqlServer } });
