import { Client } from "pg";
import { describe, test } from "vitest";
import { adapterContract, databaseContract } from "../../../src/integrations/adapter-contract/index.ts";
import { startNeonServer } from "../../servers/neon/server.ts";
import { pgTarget } from "./target.ts";

describe.each([15, 18] as const)("pg keeps the contracts of adapters and databases: PostgreSQL %s", (version) => {
  const target = pgTarget(startNeonServer, { Client }, { version });
  for (const { name, run } of [...adapterContract(target), ...databaseContract(target)]) test(name, run);
});
