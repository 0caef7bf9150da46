// The contract of adapters and the promises of sessions, with the database behind a channel.

import { describe, expect, test } from "vitest";
import { sqlJsWorker, type RemoteDatabase } from "../../../../src/adapters/sql-js/worker/index.ts";
import {
  adapterContract,
  databaseContract,
  sqliteDialect,
  type Target,
} from "../../../../src/integrations/adapter-contract/index.ts";
import { createDatabase } from "../../../../src/index.ts";
import { countedEngine } from "../target.ts";
import { hostHere } from "./threads.ts";

const target: Target = {
  dialect: { ...sqliteDialect, kill: ({ raw }) => (raw as RemoteDatabase).terminate() },
  make: () => {
    const counted = countedEngine();
    return Promise.resolve({
      factory: sqlJsWorker({
        worker: () => {
          const worker = hostHere({ sqlJs: counted });
          // What a thread had is gone with it.
          const terminate = (): void => (counted.statements.clear(), worker.terminate());
          return Object.assign(Object.create(worker) as typeof worker, {
            postMessage: worker.postMessage.bind(worker),
            addEventListener: worker.addEventListener.bind(worker),
            terminate,
          });
        },
      }),
      url: "sqljs:memory",
      leaks: () => Array.from(counted.statements, () => "a prepared statement"),
      dispose: () => undefined,
    });
  },
};

describe("sql.js in a worker keeps the contract of adapters", () => {
  for (const { name, run } of adapterContract(target)) test(name, run);
});

describe("sessions on sql.js in a worker keep their promises", () => {
  for (const { name, run } of databaseContract(target)) test(name, run);
});

test("wrong options are refused at once", () => {
  expect(() => sqlJsWorker({ worker: {} as never })).toThrow(TypeError);
  expect(() => sqlJsWorker({ worker: () => hostHere({ sqlJs: countedEngine() }), stopMs: -1 })).toThrow(TypeError);
});

test.each<[string, unknown]>([
  ["nothing", undefined],
  ["a promise of one", Promise.resolve()],
  ["a URL", "./database.worker.ts"],
])("what is no worker is refused when it is started: %s", async (_, worker) => {
  const db = createDatabase("sqljs:none", { adapters: [sqlJsWorker({ worker: () => worker as never })] });
  await expect(db.autocommit.query("SELECT 1")).rejects.toThrow("Expected `worker()` to return a Worker");
  await db.dispose();
});
