import { describe, expect, test } from "vitest";
import { adapterContract, databaseContract } from "../../kit/adapter-contract.ts";
import { startNeonServer } from "../../servers/neon/server.ts";
import { driver } from "./driver.ts";
import { httpDialect } from "./dialect.ts";
import { neonTarget } from "./target.ts";

/** Cases that leave a transaction open between two flights. */
const INTERACTIVE = [
  "what is committed stays, and what is rolled back",
  "a failed statement in a transaction leaves it",
  "a read only transaction cannot write",
  "a change of the schema that is rolled back",
];

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
    const cases = adapterContract(target);
    const kept = cases.filter(({ name }) => !INTERACTIVE.some((start) => name.startsWith(start)));
    test("all cases but those that leave a transaction open", () =>
      expect(cases.length - kept.length).toBe(INTERACTIVE.length));
    for (const { name, run } of kept) test(name, run);
  });
});
