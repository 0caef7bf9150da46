// Promise: `hosted()` is an adapter like any other: both contracts hold through a pool host.

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { adapterContract, databaseContract, type Target } from "../../../src/integrations/adapter-contract/index.ts";
import { startNeonServer } from "../../servers/neon/server.ts";
import { bundleWorker } from "../bundle.ts";
import { type Door, openDoor } from "../contract/door.ts";
import type { Answer } from "../contract/suites.ts";
import { startWorkerd, type Workerd } from "../workerd.ts";

const cases = { cannotSetUp: true } as unknown as Target;
const all = [...adapterContract(cases), ...databaseContract(cases)].map(({ name }) => name);
/** Nothing is replaced there: it was in use. */
const dying = ["a dead connection is told once, and the next session has a good one"];

const versions = process.env["ALL_VERSIONS"]
  ? ["hosted, PostgreSQL 15", "hosted, PostgreSQL 18"]
  : ["hosted, PostgreSQL 18"];
const suites = [...versions.map((suite) => [suite, all] as const), ["hosted, on connections that die", dying] as const];

let door: Door;
let workerd: Workerd;

beforeAll(async () => {
  door = await openDoor({ neon: startNeonServer });
  const [worker, host] = await Promise.all(
    ["contract.ts", "contract-host.ts"].map((file) => bundleWorker(join(import.meta.dirname, file))),
  );
  workerd = await startWorkerd({
    script: worker!.code,
    bindings: { DOOR: door.url },
    objectsOf: { POOL: { worker: "host", className: "ContractPool" } },
    workers: { host: { script: host!.code, durableObjects: ["ContractPool"] } },
  });
});

afterAll(async () => {
  await workerd.stop();
  await door.close();
  expect(door.running, "servers that a case did not stop").toBe(0);
  expect(workerd.log()).toBe("");
});

describe.each(suites)("%s", (suite, names) => {
  test.each(names)("%s", async (name) => {
    const response = await fetch(workerd.url, { method: "POST", body: JSON.stringify({ suite, name }) });
    const text = await response.text();
    const { outcome } = (response.ok ? JSON.parse(text) : { outcome: text }) as Extract<Answer, { outcome: string }>;
    if (outcome !== "passed") throw new Error(outcome);
  });
});
