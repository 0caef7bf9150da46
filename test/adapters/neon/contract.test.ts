import { describe, test } from "vitest";
import { adapterContract, databaseContract } from "../../../src/integrations/adapter-contract/index.ts";
import { startNeonServer } from "../../servers/neon/server.ts";
import { driver } from "./driver.ts";
import { httpDialect } from "./dialect.ts";
import { neonTarget } from "./target.ts";

describe.each([15, 18] as const)("Neon keeps the contracts of adapters and databases: PostgreSQL %s", (version) => {
  describe("over WebSocket", () => {
    const target = neonTarget(startNeonServer, driver, { version }, { transport: "ws" });
    for (const { name, run } of [...adapterContract(target), ...databaseContract(target)]) test(name, run);
  });

  describe("over HTTP and WebSocket, by need", () => {
    const target = neonTarget(startNeonServer, driver, { version });
    // Over HTTP there is nothing to kill before a transaction has begun: faults.test.ts kills what is there then.
    const alone = neonTarget(startNeonServer, driver, { version }, {}, { kill: undefined });
    for (const { name, run } of [...adapterContract(alone), ...databaseContract(target)]) test(name, run);
  });

  describe("over HTTP, as far as a request goes", () => {
    const target = neonTarget(startNeonServer, driver, { version }, { transport: "http" }, httpDialect);
    for (const { name, run } of adapterContract(target)) test(name, run);
  });
});
