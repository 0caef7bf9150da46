import { createClient as createHttp } from "@libsql/client/http";
import { createClient as createWeb } from "@libsql/client/web";
import { describe, test } from "vitest";
import { adapterContract, databaseContract } from "../../../src/integrations/adapter-contract/index.ts";
import { startLibsqlServer } from "../../servers/libsql/libsql-server.ts";
import { clientDialect } from "./dialect.ts";
import { libsqlTarget } from "./target.ts";

describe.each([
  { profile: "sqld", build: "http", createClient: createHttp },
  { profile: "turso-cloud", build: "web", createClient: createWeb },
] as const)(
  "@libsql/client keeps the contracts of adapters and databases: $profile, $build",
  ({ profile, createClient }) => {
    const target = libsqlTarget(startLibsqlServer, { profile }, { createClient }, clientDialect);
    for (const { name, run } of [...adapterContract(target), ...databaseContract(target)]) test(name, run);
  },
);
