// Issue 11, Q1: foreign keys are off for a transaction that asks for it, checked ahead of its commit, and on again behind it, in
// the flights that go anyway.

import { createClient } from "@libsql/client/http";
import { expect, onTestFinished, test, describe } from "vitest";
import type { BeginOptions, DriverConnection, Step, StepOutcome } from "../../../src/contract/adapter.ts";
import { COMMIT, ROLLBACK, unwrap } from "../../../src/integrations/adapter-contract/fixture.ts";
import { type LibsqlServerOptions, type RunningServer, startLibsqlServer } from "../../servers/libsql/libsql-server.ts";
import { type EitherOptions, libsqlOrClient } from "./factory.ts";
import { openShop, PROFILES } from "./shop.ts";

const OFF: Step = { kind: "begin", options: { foreignKeys: "off" } };
const BROKEN = "DELETE FROM parent WHERE id = 2";
const REBUILD = [
  "CREATE TABLE new_parent (id INTEGER PRIMARY KEY, name TEXT, added TEXT)",
  "INSERT INTO new_parent SELECT id, name, '' FROM parent",
  "DROP TABLE parent",
  "ALTER TABLE new_parent RENAME TO parent",
];

function query(text: string, isGuarded = true, onError: "stop" | "continue" = "stop"): Step {
  return { kind: "query", statement: { text }, guarded: isGuarded, onError };
}

interface Shop {
  readonly server: RunningServer;
  readonly connection: DriverConnection;
  open(): Promise<DriverConnection>;
  send(...steps: Step[]): Promise<StepOutcome[]>;
  ask(sql: string): Promise<unknown>;
  /** Requests since the last call. */
  sent(): Promise<number>;
}

async function shop(server: LibsqlServerOptions, options: EitherOptions = {}): Promise<Shop> {
  const running = await startLibsqlServer(server);
  const { url } = running;
  const adapter = libsqlOrClient(options).create({ url, folder: "" });
  const open = async (): Promise<DriverConnection> => adapter.open({ url, signal: new AbortController().signal });
  const connection = await open();
  onTestFinished(async () => {
    await connection.close();
    await running.stop();
  });
  const send: Shop["send"] = async (...steps) => connection.send({ steps });
  for (const text of [
    "CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT)",
    "CREATE TABLE child (parent REFERENCES parent ON DELETE CASCADE)",
    "INSERT INTO parent VALUES (1, 'Ada'), (2, 'Bob')",
    "INSERT INTO child VALUES (1), (2), (2)",
  ])
    unwrap((await send(query(text, false)))[0]);
  await running.forgetRequests();
  return {
    server: running,
    connection,
    open,
    send,
    ask: async (sql) => unwrap((await send(query(sql, false)))[0]).rows[0]![0],
    sent: async () => {
      const { length } = await running.requests();
      await running.forgetRequests();
      return length;
    },
  };
}

function states(outcomes: readonly StepOutcome[]): string[] {
  return outcomes.map(({ status }) => status);
}

const refused = {
  status: "failed",
  error: {
    code: "QUERY_FAILED",
    message: expect.stringMatching(/not committed: row 2 of `child` refers to no row of `parent`/),
    details: { kind: "foreign-key", table: "child", extendedCode: "SQLITE_CONSTRAINT_FOREIGNKEY" },
  },
};

describe.each(PROFILES)("at %s", (profile) => {
  test("a table is rebuilt without a loss, in one request", async () => {
    const { connection, send, ask, sent } = await shop({ profile });
    await send(OFF, ...REBUILD.map((text) => query(text)), COMMIT);
    expect(await sent()).toBe(1);
    expect([connection.state, connection.isReusable]).toEqual(["idle", true]);
    expect(await ask("SELECT count(*) FROM child")).toBe(3);
    expect(await ask("SELECT foreign_keys FROM pragma_foreign_keys")).toBe(1);
  });

  test("statement by statement: as many requests as without", async () => {
    const { connection, send, ask, sent } = await shop({ profile });
    await send(OFF, query(REBUILD[0]!, true, "continue"));
    for (const text of REBUILD.slice(1)) await send(query(text, true, "continue"));
    expect(await ask("SELECT foreign_keys FROM pragma_foreign_keys")).toBe(0);
    expect(connection.isReusable).toBe(false);
    await send(COMMIT);
    expect(await sent()).toBe(6);
    expect(await ask("SELECT count(*) FROM child")).toBe(3);
    expect(await ask("SELECT foreign_keys FROM pragma_foreign_keys")).toBe(1);
  });

  test("what is left without what it refers to is not committed, and is named", async () => {
    const { connection, send, ask, sent } = await shop({ profile });
    const outcomes = await send(OFF, query(BROKEN), COMMIT);
    expect(outcomes.map(({ status }) => status)).toEqual(["done", "done", "failed"]);
    expect(outcomes[2]).toMatchObject(refused);
    // Open, as after a deferred key that COMMIT refuses: it may be mended, or rolled back.
    expect(connection.state).toBe("transaction");
    await send(ROLLBACK);
    expect(await sent()).toBe(2);
    expect(await ask("SELECT count(*) FROM parent")).toBe(2);
    expect(await ask("SELECT foreign_keys FROM pragma_foreign_keys")).toBe(1);
    await send(OFF, query(BROKEN));
    expect(states(await send(query("DELETE FROM child WHERE parent = 2"), COMMIT))).toEqual(["done", "done"]);
    expect(await ask("SELECT count(*) FROM child")).toBe(1);
  });

  test("keys are on again after an undo, and after a statement that ends the transaction in a later flight", async () => {
    const { connection, send, ask } = await shop({ profile });
    const outcomes = await connection.send({ steps: [OFF, query("SELECT nonsense"), COMMIT], undo: [ROLLBACK] });
    expect(states(outcomes)).toEqual(["done", "failed", "skipped"]);
    expect(await ask("SELECT foreign_keys FROM pragma_foreign_keys")).toBe(1);
    await send(OFF, query("SELECT 1"));
    await send(query("INSERT OR ROLLBACK INTO parent VALUES (1, 'Eve')"));
    expect(connection.state).toBe("idle");
    expect(await ask("SELECT foreign_keys FROM pragma_foreign_keys")).toBe(1);
  });

  test("a stream on which it is not known is given up", async () => {
    const { connection, send, open } = await shop({ profile });
    await send(
      OFF,
      query("INSERT OR ROLLBACK INTO parent VALUES (1, 'Eve')", true, "continue"),
      query("SELECT 1", true, "continue"),
    );
    expect(connection.isReusable && connection.state === "idle").toBe(false);
    await connection.close();
    const next = await open();
    const [outcome] = await next.send({ steps: [query("SELECT foreign_keys FROM pragma_foreign_keys", false)] });
    expect(unwrap(outcome).rows).toEqual([[1]]);
    await next.close();
  });

  test("keys that were off before stay off, and are checked all the same", async () => {
    const { send, ask } = await shop({ profile });
    await send(query("PRAGMA foreign_keys = OFF", false));
    expect((await send(OFF, query(BROKEN), COMMIT))[2]).toMatchObject(refused);
    await send(ROLLBACK);
    expect(await ask("SELECT foreign_keys FROM pragma_foreign_keys")).toBe(0);
  });

  test.each<NonNullable<BeginOptions["behavior"]>>(["deferred", "immediate", "exclusive"])(
    "a transaction begins %s",
    async (behavior) => {
      const { send, server } = await shop({ profile });
      const begin: Step = { kind: "begin", options: { behavior } };
      expect(states(await send(begin, query("SELECT 1"), COMMIT))).toEqual(["done", "done", "done"]);
      const [request] = await server.requests();
      expect(request!.sql[0]).toBe(`BEGIN ${behavior.toUpperCase()}`);
    },
  );
});

test("a BEGIN that has to wait for the lock finds its keys off when it has it, and leaves them on", async () => {
  const { send, ask, open } = await shop({ busy: "fail" });
  const other = await open();
  await other.send({
    steps: [{ kind: "begin", options: { behavior: "immediate" } }, query("INSERT INTO parent VALUES (3, 'Cem')")],
  });
  const rebuilding = send(OFF, ...REBUILD.map((text) => query(text)), COMMIT);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await other.send({ steps: [COMMIT] });
  await other.close();
  expect(new Set(states(await rebuilding))).toEqual(new Set(["done"]));
  expect(await ask("SELECT count(*) FROM child")).toBe(3);
  expect(await ask("SELECT foreign_keys FROM pragma_foreign_keys")).toBe(1);
});

test("a server from before version 3 cannot: it is said before anything is done", async () => {
  const { send, ask } = await shop({ newest: "v2" });
  const outcomes = await send(OFF, query(BROKEN), COMMIT);
  expect(outcomes[0]).toMatchObject({ status: "failed", error: { code: "TRANSACTION_UNSUPPORTED" } });
  expect(states(outcomes)).toEqual(["failed", "skipped", "skipped"]);
  expect(await ask("SELECT count(*) FROM parent")).toBe(2);
});

describe.each(PROFILES)("through @libsql/client, at %s", (profile) => {
  test("a table is rebuilt without a loss, in as many requests as without", async () => {
    const { connection, send, ask, sent } = await shop({ profile }, { createClient });
    await send(OFF, query(REBUILD[0]!));
    for (const text of REBUILD.slice(1)) await send(query(text));
    await send(COMMIT);
    expect(await sent()).toBe(5);
    expect(connection.state).toBe("idle");
    expect(await ask("SELECT count(*) FROM child")).toBe(3);
    expect(await ask("SELECT foreign_keys FROM pragma_foreign_keys")).toBe(1);
    await send(OFF, query("CREATE TABLE more (a)"));
    await send(query("DROP TABLE more"), COMMIT);
    expect(await sent()).toBe(4);
  });

  test("what is left without what it refers to is not committed, and is named", async () => {
    const { connection, send, ask } = await shop({ profile }, { createClient });
    await send(OFF, query(BROKEN));
    expect((await send(COMMIT))[0]).toMatchObject(refused);
    expect(connection.state).toBe("idle");
    await send(OFF, query("SELECT 1"));
    expect((await send(query(BROKEN), COMMIT))[1]).toMatchObject(refused);
    expect(connection.state).toBe("idle");
    expect(await ask("SELECT count(*) FROM parent")).toBe(2);
    await send(OFF, query("SELECT 1"));
    expect((await send(query("SELECT nonsense"), COMMIT))[0]).toMatchObject({
      status: "failed",
      error: { details: { sql: "SELECT nonsense" } },
    });
    await send(ROLLBACK);
    expect((await send(OFF, query("SELECT nonsense")))[1]).toMatchObject({
      status: "failed",
      error: { details: { sql: "SELECT nonsense" } },
    });
    await send(ROLLBACK);
  });

  test("a transaction begins exclusive", async () => {
    const { send, server } = await shop({ profile }, { createClient });
    await send(
      { kind: "begin", options: { behavior: "exclusive" } },
      query("INSERT INTO parent VALUES (3, 'Cem')"),
      COMMIT,
    );
    expect((await server.requests()).flatMap(({ sql }) => sql)).toContain("BEGIN EXCLUSIVE");
  });
});

test("through @libsql/client, a BEGIN that has to wait for the lock is tried again", async () => {
  const { send, ask, open } = await shop({ busy: "fail" }, { createClient });
  const other = await open();
  await other.send({
    steps: [{ kind: "begin", options: { behavior: "immediate" } }, query("INSERT INTO parent VALUES (3, 'Cem')")],
  });
  const rebuilding = send(OFF, ...REBUILD.map((text) => query(text)), COMMIT);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await other.send({ steps: [COMMIT] });
  await other.close();
  expect(new Set(states(await rebuilding))).toEqual(new Set(["done"]));
  expect(await ask("SELECT count(*) FROM child")).toBe(3);
});

test.each([{}, { createClient }])(
  "keys are deferred within a transaction that asks for it, and outside of one nothing is set",
  async (libsql) => {
    const { db } = await openShop({ libsql });
    await db.query("CREATE TABLE part (good REFERENCES goods)");
    await db.session(async (session) => {
      await session.query("PRAGMA defer_foreign_keys = ON");
      await session.query("INSERT INTO part VALUES (7)");
      await session.query("INSERT INTO goods VALUES (7, 'tea')");
    });
    await db.batch([
      "PRAGMA defer_foreign_keys = ON",
      "INSERT INTO part VALUES (8)",
      "INSERT INTO goods VALUES (8, 'salt')",
    ]);
    const broken = db.batch(["PRAGMA defer_foreign_keys = ON", "INSERT INTO part VALUES (9)"]);
    await expect(broken).rejects.toMatchObject({ code: "QUERY_FAILED", details: { kind: "foreign-key" } });
    expect((await db.query("SELECT good FROM part ORDER BY 1")).rows).toEqual([{ good: 7 }, { good: 8 }]);
    await expect(db.autocommit.query("PRAGMA defer_foreign_keys = ON")).rejects.toMatchObject({
      outcome: "not-executed",
    });
  },
);
