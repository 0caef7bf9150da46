import { describe, test } from "vitest";
import { adapterContract, databaseContract } from "../../../src/integrations/adapter-contract/index.ts";
import { startNeonServer } from "../../servers/neon/server.ts";
import { drivers } from "./drivers.ts";
import { pgTarget } from "./target.ts";

describe.each([15, 18] as const)("PostgreSQL %s", (version) => {
  describe.each(Object.entries(drivers))("through %s, keeps the contracts of adapters and databases", (_, driver) => {
    const target = pgTarget(startNeonServer, driver, { version });
    for (const { name, run } of [...adapterContract(target), ...databaseContract(target)]) test(name, run);
  });
});
