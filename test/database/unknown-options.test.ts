import { AsyncLocalStorage } from "node:async_hooks";
import * as fs from "node:fs";
import { expect, test } from "vitest";
import { d1 } from "../../src/adapters/d1/index.ts";
import { durableObject } from "../../src/adapters/durable-object/index.ts";
import { hosted } from "../../src/adapters/hosted/index.ts";
import { memory, sqlJs } from "../../src/adapters/sql-js/index.ts";
import { fileStorage } from "../../src/adapters/sql-js/storage/file-entry.ts";
import { browserStorage, indexedDb, opfs } from "../../src/adapters/sql-js/storage/index.ts";
import { sqlJsTabs } from "../../src/adapters/sql-js/tabs/index.ts";
import { sqlJsWorker } from "../../src/adapters/sql-js/worker/index.ts";
import { asyncLocal, ConnectionPool, createDatabase } from "../../src/index.ts";
import { withSession } from "../../src/integrations/workers/index.ts";
import { FakeAdapter } from "../kit/fake-adapter.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

const make = (options: object): unknown =>
  createDatabase("fake:db", { adapters: [new FakeAdapter().factory], ...options });

test.each<[object, string]>([
  [{ contxt: asyncLocal(AsyncLocalStorage) }, "context"],
  [{ pool: { maxx: 5 } }, "max"],
  [{ pool: { maxIdel: 5 } }, "maxIdle"],
  [{ pool: { acquireTimeout: 5 } }, "acquireTimeoutMs"],
  [{ pool: { onEvent: () => undefined } }, "openTimeoutMs"],
  [{ defaults: { timeout: 5 } }, "timeoutMs"],
  [{ onEvents: () => undefined }, "onEvent"],
])("an unknown option is refused at construction, with the nearest one: %o", (options, nearest) => {
  expect(() => make(options)).toThrow(TypeError);
  expect(() => make(options)).toThrow(/^Expected no option `\w+` of .+: did you mean `\w+`\?$/);
  expect(() => make(options)).toThrow(`\`${nearest}\`?`);
});

test("so it is wherever options are taken, before anything is sent", async () => {
  const { db, adapter } = fakeDatabase();
  const retries = { retries: 2 } as never;
  await expect(db.session(() => 1, retries)).rejects.toThrow("`retries` of a session: did you mean `retry`?");
  await expect(db.transaction(() => 1, retries)).rejects.toThrow("did you mean `retry`?");
  await expect(db.session(() => 1, { propagation: "nested" } as never)).rejects.toThrow(TypeError);
  await expect(db.session(() => 1, { retry: { times: 2, retries: 1 } as never })).rejects.toThrow(TypeError);
  expect(() => db.open({ isolation: "serializable" } as never)).toThrow("did you mean `isolationLevel`?");
  await expect(db.query("x", [], { timeout: 5 } as never)).rejects.toThrow("did you mean `timeoutMs`?");
  await expect(db.batch(["x"], { signals: 5 } as never)).rejects.toThrow("did you mean `signal`?");
  await db.session(async (s) => {
    await expect(s.transaction(() => 1, { proagation: "nested" } as never)).rejects.toThrow("`propagation`?");
    expect(() => s.stream("x", { batch: 5 } as never)).toThrow("did you mean `batchSize`?");
    await expect(s.raw("x", { timeOutMs: 5 } as never)).rejects.toThrow("`timeoutMs`?");
    await expect(s.getConnection({ usepool: false } as never)).rejects.toThrow("did you mean `usePool`?");
    await expect(s.setConnection(null, { runHook: true } as never)).rejects.toThrow("did you mean `runHooks`?");
    await expect(s.close("rollback", { realy: true } as never)).rejects.toThrow("did you mean `really`?");
    await expect(db.dispose({ timeout: 5 } as never)).rejects.toThrow("did you mean `timeoutMs`?");
  });
  expect(adapter.log).toEqual([]);
  const pool = new ConnectionPool({ open: () => ({}), close: () => undefined });
  expect(() => pool.dispose({ timeout: 5 } as never)).toThrow("did you mean `timeoutMs`?");
  expect(() => new ConnectionPool({ open: () => ({}), close: () => undefined }, { mx: 1 } as never)).toThrow("`max`?");
  expect(() => withSession(db, () => undefined, { rollbackon: 5 } as never)).toThrow("`rollbackOn`?");
});

test.each<[string, (options: never) => unknown, object, string]>([
  ["sqlJs()", sqlJs, { sqlJs: {}, storag: memory() }, "storage"],
  ["sqlJsWorker()", sqlJsWorker, { worker: () => ({}), stopms: 5 }, "stopMs"],
  ["sqlJsTabs()", sqlJsTabs, { adapter: sqlJs({ sqlJs: {} as never }), leaderTimeout: 5 }, "leaderTimeoutMs"],
  ["opfs()", opfs, { durabilty: "strict" }, "durability"],
  ["indexedDb()", indexedDb, { durabilty: "relaxed" }, "durability"],
  ["browserStorage()", browserStorage, { onmemory: () => undefined }, "onMemory"],
  ["fileStorage()", fileStorage, { fs, process, fodler: "data" }, "folder"],
  ["hosted()", hosted, { namespace: () => ({}), shard: 3 }, "shards"],
  ["d1()", (options) => d1(() => ({}) as never, options), { sesion: "first-primary" }, "session"],
  [
    "durableObject()",
    (options) => durableObject(() => ({}) as never, options),
    { transactionTimeout: 5 },
    "transactionTimeoutMs",
  ],
])("%s refuses a misspelt one", (name, make, options, meant) => {
  expect(() => make(options as never)).toThrow(new RegExp(`of ${name.replace("()", "\\(\\)")}: did you mean`));
  expect(() => make(options as never)).toThrow(meant);
});

test("an option that is there and undefined is none, known or not", async () => {
  make({ context: undefined, other: undefined, pool: { max: undefined } });
  const { db } = fakeDatabase();
  await db.session(() => 1, { other: undefined } as never);
});
