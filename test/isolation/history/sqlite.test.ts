// Promise: on libSQL, also through its client, on sqld and on sql.js the histories of many sessions are serializable, and what is stored is what was told.

import { createClient } from "@libsql/client/http";
import initSqlJs from "sql.js";
import { expect, onTestFinished, test } from "vitest";
import { libsql } from "../../../src/adapters/libsql/index.ts";
import { sqlJs } from "../../../src/adapters/sql-js/index.ts";
import { createDatabase } from "../../../src/index.ts";
import { startLibsqlServer } from "../../servers/libsql/libsql-server.ts";
import { libsqlClient } from "../../../src/adapters/libsql/client-entry.ts";
import { ensureSqld } from "../../setup/ensure-sqld.mjs";
import { startSqld } from "../../servers/sqld.ts";
import { check } from "./checker.ts";
import { committed, run } from "./workload.ts";

test.each([1, 2])("libSQL, seed %i", async (seed) => {
  const server = await startLibsqlServer();
  const db = createDatabase(server.url, { adapters: [libsql()] });
  onTestFinished(async () => {
    await db.dispose();
    expect(await server.open()).toEqual([]);
    await server.stop();
  });
  const history = await run(db, { seed, isolationLevel: "serializable" });
  expect(check(history)).toEqual([]);
  expect(committed(history)).toBeGreaterThan(20);
});

test("libSQL through its client", async () => {
  const server = await startLibsqlServer();
  const db = createDatabase(server.url, { adapters: [libsqlClient({ createClient })] });
  onTestFinished(async () => {
    await db.dispose();
    expect(await server.open()).toEqual([]);
    await server.stop();
  });
  const history = await run(db, { seed: 3, isolationLevel: "serializable" });
  expect(check(history)).toEqual([]);
  expect(committed(history)).toBeGreaterThan(20);
});

const program = await ensureSqld();

test.skipIf(program === undefined)("a real sqld", async () => {
  const server = await startSqld({ program });
  const db = createDatabase(server.url, { adapters: [libsql()] });
  onTestFinished(async () => {
    expect(db.stats()).toMatchObject({ busy: 0, waiting: 0 });
    await db.dispose();
    await server.stop();
  });
  const history = await run(db, { seed: 5, isolationLevel: "serializable" });
  expect(check(history)).toEqual([]);
  expect(committed(history)).toBeGreaterThan(20);
});

test("libSQL, while answers are lost and streams are gone", async () => {
  // A stream whose answer was lost keeps its lock for so long.
  const server = await startLibsqlServer({ txnTimeoutMs: 1_000 });
  const db = createDatabase(server.url, { adapters: [libsql()] });
  onTestFinished(async () => {
    await db.dispose();
    await server.stop();
  });
  const actions = ["status", "drop-before", "drop-after", "truncate", "no-baton"] as const;
  const troubles = [
    ...actions.map((action) => () => server.fail({ action })),
    () => server.expireStreams(),
    () => server.forgetStreams(),
  ];
  const history = await run(db, { seed: 4, isolationLevel: "serializable", troubles });
  expect(check(history)).toEqual([]);
  expect(committed(history)).toBeGreaterThan(20);
});

// Were nothing found there either, the histories would prove nothing.
test("without transactions, what each of them prevents is found", async () => {
  const server = await startLibsqlServer();
  const db = createDatabase(server.url, { adapters: [libsql()] });
  onTestFinished(async () => {
    await db.dispose();
    await server.stop();
  });
  const found = check(await run(db, { seed: 1, isolationLevel: undefined })).map(({ kind }) => kind);
  expect([...new Set(found)]).toEqual(expect.arrayContaining(["undone but stored", "G1a", "G-single"]));
});

test.each([1, 2, 3])("sql.js, seed %i", async (seed) => {
  const db = createDatabase("sqljs:memory", { adapters: [sqlJs({ sqlJs: await initSqlJs() })] });
  onTestFinished(() => db.dispose());
  const history = await run(db, { seed, isolationLevel: "serializable" });
  expect(check(history)).toEqual([]);
  expect(committed(history)).toBeGreaterThan(200);
});
