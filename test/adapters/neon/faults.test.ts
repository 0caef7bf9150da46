// What goes wrong on the way: one typed error each, nothing uncaught, nothing left, and the next session works.

import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { neon } from "../../../src/adapters/neon/index.ts";
import type { Step } from "../../../src/contract/adapter.ts";
import type { SessionOptions } from "../../../src/index.ts";
import { BEGIN, ROLLBACK } from "../../../src/integrations/adapter-contract/fixture.ts";
import type { Fault } from "../../servers/neon/server.ts";
import { driver } from "./driver.ts";
import { optionsFor } from "./target.ts";
import { PATIENCE } from "../../servers/patience.ts";
import { deadPort, insert, openShop, rests, runs, type Shop, type ShopOptions, withAlarm } from "./shop.ts";

async function works({ db, names }: Shop, options: SessionOptions = {}): Promise<void> {
  await db.session(async (session) => {
    await session.query("INSERT INTO goods VALUES (99, 'works')");
  }, options);
  expect(await names()).toContain("works");
}

describe.each(["auto", "ws"] as const)("with transport %s", (transport) => {
  const open = (options: ShopOptions = {}): Promise<Shop> =>
    openShop({ ...options, neon: { transport, ...options.neon } });

  /** Where the pool opens the socket, it waits for a better one until its time is over; it may be over before the first is refused. */
  const isTold = async ({ db }: Shop, refused: object): Promise<void> => {
    const failure = (): Promise<unknown> =>
      db.session((session) => session.query("SELECT 1")).catch((thrown: unknown) => thrown);
    if (transport === "auto") expect(await failure()).toMatchObject(refused);
    else await expect.poll(failure, PATIENCE).toMatchObject({ code: "POOL_TIMEOUT", cause: refused });
  };

  test("a tunnel that is cut while idle is not missed", async () => {
    for (const how of ["cut", "close", "terminate"] as const) {
      const shop = await open();
      await shop.db.session((session) => session.query("SELECT 1"));
      await shop.server.kill({ how });
      await sleep(30);
      await works(shop);
    }
  });

  test("a tunnel that is cut while it is leased takes the transaction along", async () => {
    for (const how of ["cut", "close", "terminate"] as const) {
      const shop = await open();
      const work = shop.db.session(async (session) => {
        await session.query("INSERT INTO goods VALUES (1, 'tea')");
        await shop.server.kill({ how });
        await sleep(30);
        await session.query("INSERT INTO goods VALUES (2, 'salt')");
      });
      await expect(work).rejects.toMatchObject({ code: "CONNECTION_LOST", outcome: "not-executed", retryable: true });
      expect(await shop.names()).toEqual([]);
      await works(shop);
    }
  });

  test.each<[string, Fault, string]>([
    ["in mid-query", { on: "tunnel", sql: "INSERT", action: "drop-during" }, "CONNECTION_LOST"],
    ["before the query", { on: "tunnel", sql: "INSERT", action: "drop-before" }, "CONNECTION_LOST"],
    ["behind the query", { on: "tunnel", sql: "INSERT", action: "drop-after" }, "CONNECTION_LOST"],
    ["before COMMIT", { on: "tunnel", sql: "COMMIT", action: "drop-before" }, "COMMIT_UNKNOWN"],
    ["in COMMIT", { on: "tunnel", sql: "COMMIT", action: "drop-during" }, "COMMIT_UNKNOWN"],
    ["behind COMMIT", { on: "tunnel", sql: "COMMIT", action: "drop-after" }, "COMMIT_UNKNOWN"],
  ])("a tunnel that is cut %s", async (_, fault, code) => {
    const shop = await open();
    await shop.db.session((session) => session.query("SELECT 1"));
    await shop.server.fail(fault);
    const work = shop.db.session(async (session) => {
      await session.query("SELECT 1");
      await session.query("INSERT INTO goods VALUES (1, 'tea')");
    });
    await expect(work).rejects.toMatchObject({
      code,
      outcome: code === "COMMIT_UNKNOWN" ? "unknown" : "not-executed",
    });
    if (fault.action === "drop-after") expect(await shop.names()).toEqual(code === "COMMIT_UNKNOWN" ? ["tea"] : []);
    await works(shop);
  });

  test("a tunnel that dies under a session's first flight is replaced unseen", async () => {
    const shop = await open();
    await shop.db.session((session) => session.query("SELECT 1"));
    await shop.server.fail({ on: "tunnel", sql: "BEGIN", action: "drop-before" });
    await works(shop);
  });

  test("a restart of the compute in mid-transaction is told, and the next session works", async () => {
    const shop = await open();
    const work = shop.db.session(async (session) => {
      await session.query("INSERT INTO goods VALUES (1, 'tea')");
      await shop.server.killBackends();
      await session.query("INSERT INTO goods VALUES (2, 'salt')");
    });
    await expect(work).rejects.toMatchObject({ code: "CONNECTION_LOST", outcome: "not-executed" });
    expect(await shop.names()).toEqual([]);
    await works(shop);
  });

  test.each<[string, Fault]>([
    ["refused", { on: "upgrade", action: "status", status: 503 }],
    ["reset", { on: "upgrade", action: "drop-before" }],
  ])("an upgrade that is %s", async (_, fault) => {
    const shop = await open({ db: { pool: { acquireTimeoutMs: 300 } } });
    await shop.server.fail({ ...fault, times: 100 });
    await isTold(shop, { code: "CONNECT_FAILED", outcome: "not-executed", retryable: true });
    await shop.server.clearFaults();
    // The pool's pause after failures may be longer than one session's patience.
    await works(shop, { retry: 20 });
  });

  test("an upgrade that never comes is given up with the session", async () => {
    // The pool opens sockets for whoever comes first, and gives up on them by itself.
    const shop = await open({ db: { pool: { openTimeoutMs: 1_000 } } });
    await shop.server.fail({ on: "upgrade", action: "hang" });
    const work = shop.db.session((session) => session.query("SELECT 1"), { timeoutMs: 100 });
    await expect(work).rejects.toMatchObject({ code: "QUERY_TIMEOUT" });
    await works(shop, { retry: 20 });
  });

  test("a dead port", async () => {
    const port = await deadPort();
    const shop = await open({
      db: { pool: { acquireTimeoutMs: 300 } },
      neon: { neonConfig: { wsProxy: () => `127.0.0.1:${port}/v2` } },
    });
    await isTold(shop, { code: "CONNECT_FAILED", outcome: "not-executed", retryable: true });
    expect(shop.db.stats()).toMatchObject({ busy: 0, waiting: 0 });
  });

  test("a wrong password is told once, without the password", async () => {
    const shop = await open({ url: (url) => url.replace("npg_secret", "wr0ng-secret") });
    const error = (await shop.db
      .session((session) => session.query("SELECT 1"))
      .catch((thrown: unknown) => thrown)) as Error;
    expect(error).toMatchObject({ code: "AUTH_FAILED", retryable: false, outcome: "not-executed" });
    expect(`${error.message} ${String(error.cause)} ${error.stack}`).not.toContain("wr0ng-secret");
    await sleep(30);
    expect(shop.db.stats()).toMatchObject({ busy: 0, waiting: 0 });
  });

  test("a database that is not there, and a compute that does not start: XX000 both, told apart", async () => {
    const shop = await open({ url: (url) => url.replace(/neondb_\d+/, "nodb") });
    await expect(shop.db.session((session) => session.query("SELECT 1"))).rejects.toMatchObject({
      code: "CONNECT_FAILED",
      retryable: false,
    });
    const other = await open({ db: { pool: { acquireTimeoutMs: 300 } } });
    const body = "Couldn't connect to compute node";
    await other.server.fail({ on: "tunnel", action: "error", message: "*", body, times: 1_000 });
    await isTold(other, { code: "CONNECT_FAILED", retryable: true, message: expect.stringContaining(body) });
    await other.server.clearFaults();
    await works(other, { retry: 20 });
    // One that wakes up in time is waited for.
    const waking = await open();
    await waking.server.fail({ on: "tunnel", action: "error", message: "*", body, times: 2 });
    await works(waking);
  });

  test("whoever gives up on a statement has it cancelled at the server", async () => {
    const { runtime, ring } = withAlarm(31_234);
    const shop = await open({ db: { runtime } });
    const { db, server } = shop;
    const work = db.session(async (session) => {
      await session.query("INSERT INTO goods VALUES (1, 'tea')");
      await session.query("SELECT pg_sleep(600)", [], { timeoutMs: 31_234 });
    });
    await runs(server, "SELECT pg_sleep(600)");
    ring();
    await expect(work).rejects.toMatchObject({ code: "QUERY_TIMEOUT", outcome: "unknown" });
    await works(shop);
    await rests(server);
    expect((await server.requests()).map(({ via }) => via)).toContain("cancel");
    expect(await shop.names()).toEqual(["works"]);
  });

  test("a signal's own reason comes back", async () => {
    const shop = await open();
    const controller = new AbortController();
    const reason = new Error("gone");
    const work = shop.db.session((session) => session.query("SELECT pg_sleep(600)"), { signal: controller.signal });
    await runs(shop.server, "SELECT pg_sleep(600)");
    controller.abort(reason);
    await expect(work).rejects.toBe(reason);
    await works(shop);
  });

  test("a transaction that waits for too long is ended by the server", async () => {
    const shop = await open({ neon: { idleInTransactionMs: 100 } });
    const work = shop.db.session(async (session) => {
      await session.query("INSERT INTO goods VALUES (1, 'tea')");
      await expect.poll(async () => (await shop.server.open()).backends, PATIENCE).toEqual([]);
      await session.query("INSERT INTO goods VALUES (2, 'salt')");
    });
    // By what is read first: that the socket is closed, or the server's last word on it.
    await expect(work).rejects.toMatchObject({
      code: expect.stringMatching(/^(CONNECTION|TRANSACTION)_LOST$/),
      outcome: "not-executed",
    });
    expect(await shop.names()).toEqual([]);
    await works(shop);
  });

  test("a failed statement leaves only a rollback, and COMMIT is no silent ROLLBACK", async () => {
    const shop = await open();
    const work = shop.db.session(async (session) => {
      await session.query(insert(1).text, insert(1).params);
      await session.query(insert(1).text, insert(1).params).catch(() => undefined);
    });
    await expect(work).rejects.toMatchObject({ code: "ROLLBACK_ONLY" });
    expect(await shop.names()).toEqual([]);
    await works(shop);
    expect(shop.db.stats().opened).toBe(1);
  });
});

test("a connection whose socket died under a flight is closed for good, also for what goes over HTTP", async () => {
  const { server } = await openShop();
  const adapter = neon(optionsFor(driver, server)).create({ url: server.url, folder: "" });
  const connection = await adapter.open({ url: server.url, signal: new AbortController().signal });
  const query = (guarded: boolean): Step => ({
    kind: "query",
    statement: { text: "SELECT 1 AS one" },
    guarded,
    onError: "stop",
  });
  await connection.send({ steps: [BEGIN, query(true)] });
  await connection.send({ steps: [ROLLBACK] });
  await server.fail({ on: "tunnel", sql: "BEGIN", action: "drop-before" });
  const lost = { code: "CONNECTION_LOST", outcome: "not-executed" };
  await expect(connection.send({ steps: [BEGIN, query(true)] })).rejects.toMatchObject(lost);
  expect(connection.state).toBe("closed");
  await expect(connection.send({ steps: [query(false)] })).rejects.toMatchObject(lost);
  await connection.close();
});
