// Passwords that change, servers that cannot be reached or have no room, answers that never come, caches in between.

import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { neonHttp } from "../../../src/adapters/neon/http-entry.ts";
import { neon } from "../../../src/adapters/neon/index.ts";
import type { DriverConnection, Step } from "../../../src/contract/adapter.ts";
import { createDatabase, type Session } from "../../../src/index.ts";
import { CERT, KEY } from "./certificate.ts";
import { driver } from "./driver.ts";
import { insert, openShop } from "./shop.ts";
import { optionsFor } from "./target.ts";

test("a password that has changed is asked for again at once, on every transport", async () => {
  for (const transport of ["http", "ws", "auto"] as const) {
    const { server } = await openShop();
    let [password, asked] = ["npg_secret", 0];
    const url = (): string => {
      asked++;
      return server.url.replace("npg_secret", password);
    };
    const db = createDatabase(url, { adapters: [neon(optionsFor(driver, server, { transport }))] });
    onTestFinished(() => db.dispose());
    const work = (): Promise<unknown> => db.autocommit.query("SELECT 1 AS one");
    await work();
    password = "npg_n3w";
    await server.query("ALTER ROLE neondb_owner PASSWORD 'npg_n3w'");
    // What is open already needs no password.
    if (transport === "ws") await server.kill({ how: "close" });
    else await server.killBackends();
    await sleep(50);
    const before = asked;
    await work();
    await Promise.all([work(), work(), work()]);
    if (transport !== "http") await db.session((session) => session.query("SELECT 1"));
    expect(asked).toBeGreaterThan(before);
    expect(asked - before).toBeLessThan(6);
    await server.query("ALTER ROLE neondb_owner PASSWORD 'npg_secret'");
  }
});

test("a password that is wrong is told at once, and not kept", async () => {
  for (const transport of ["http", "ws", "auto"] as const) {
    const { server } = await openShop();
    let password = "wr0ng";
    const db = createDatabase(() => server.url.replace("npg_secret", password), {
      adapters: [neon(optionsFor(driver, server, { transport }))],
    });
    onTestFinished(() => db.dispose());
    await expect(db.autocommit.query("SELECT 1")).rejects.toMatchObject({
      code: "AUTH_FAILED",
      outcome: "not-executed",
    });
    password = "npg_secret";
    expect((await db.autocommit.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  }
});

test("a certificate that is not trusted, and a name that is not known, are told with the reason", async () => {
  const server = createServer({ key: KEY, cert: CERT }, (_, response) => response.end("{}")).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  for (const [endpoint, reason, retryable] of [
    [`https://127.0.0.1:${port}/sql`, /self.signed/i, false],
    [`http://127.0.0.1:1/sql`, /bad port|ECONNREFUSED/, undefined],
    ["https://no-such-host.invalid/sql", /ENOTFOUND|EAI_AGAIN/, true],
    [`https://localhost:${await import("./shop.ts").then(({ deadPort }) => deadPort())}/sql`, /ECONNREFUSED/, true],
  ] as const) {
    const { db } = await openShop({ neon: { transport: "http", neonConfig: { fetchEndpoint: () => endpoint } } });
    const error: unknown = await db.query("SELECT 1").catch((thrown: unknown) => thrown);
    expect((error as Error).message).toMatch(reason);
    if (retryable === undefined) continue;
    expect(error).toMatchObject({ code: "CONNECT_FAILED", outcome: "not-executed", retryable });
  }
});

test("a request that the platform refuses to send says why, at once, over HTTP and WebSocket", async () => {
  const words = "Too many subrequests by single Worker invocation. To configure this limit, refer to https://x.example";
  // As workerd tells it: by an event.
  class NoSocket extends EventTarget {
    binaryType = "arraybuffer";
    constructor() {
      super();
      setTimeout(() => this.dispatchEvent(Object.assign(new Event("error"), { message: `Uncaught Error: ${words}` })));
    }
    close(): void {}
  }
  for (const transport of ["http", "ws"] as const) {
    const neonConfig =
      transport === "http"
        ? { fetchFunction: () => Promise.reject(new Error(words)) }
        : { webSocketConstructor: NoSocket as never };
    const { db } = await openShop({ neon: { transport, neonConfig } });
    await expect(db.autocommit.query("SELECT 1")).rejects.toMatchObject({
      code: "CONNECT_FAILED",
      message: expect.stringContaining("Too many subrequests by single Worker invocation"),
      outcome: "not-executed",
      retryable: false,
    });
  }
});

test("every request says that nothing may be kept of it", async () => {
  const seen: unknown[] = [];
  const { db, names } = await openShop({
    neon: {
      transport: "http",
      neonConfig: {
        fetchFunction: (url: string, init: RequestInit) => {
          seen.push(init.cache);
          return fetch(url, init);
        },
      },
    },
  });
  await db.query("INSERT INTO goods VALUES (1, 'tea')");
  await db.batch([insert(2), insert(3)]);
  expect(seen).toEqual(["no-store", "no-store"]);
  expect((await names()).length).toBe(3);
});

test("over HTTP a refusal without words is not taken for a WebSocket's", async () => {
  const { db, server } = await openShop({ neon: { transport: "http" } });
  await server.fail({ on: "http", action: "status", status: 400, body: '{"error":"no such route"}' });
  await expect(db.query("SELECT 1")).rejects.toThrow(/^CONNECT_FAILED: the request failed without a reason$/);
});

test("over HTTP a server without room, or that wakes up, is waited for; one that stays so is told", async () => {
  const { db, server } = await openShop({ neon: { transport: "http" } });
  for (const [status, body] of [
    [500, '{"message":"Couldn\'t connect to compute node","code":null}'],
    [500, '{"message":"sorry, too many clients already","code":"53300"}'],
    [
      503,
      '{"message":"Failed to acquire permit to connect to the database. Too many database connection attempts are currently ongoing."}',
    ],
    [500, '{"message":"the database system is starting up","code":"57P03"}'],
  ] as const) {
    await server.fail({ on: "http", action: "status", status, body, times: 3 });
    expect((await db.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  }
  await server.fail({
    on: "http",
    action: "status",
    status: 500,
    body: '{"message":"Couldn\'t connect to compute node"}',
    times: 1_000,
  });
  await expect(db.query("SELECT 1", [], { timeoutMs: 300 })).rejects.toMatchObject({ code: "QUERY_TIMEOUT" });
  await server.clearFaults();
});

test("over WebSocket a server without room is told before anything runs, and from then on to whom opens a connection", async () => {
  const { server, names } = await openShop();
  await server.query(`ALTER DATABASE ${server.database.name} CONNECTION LIMIT 2`);
  const adapter = neon(optionsFor(driver, server, { transport: "ws" })).create({ url: server.url, folder: "" });
  const open = async (): Promise<DriverConnection> =>
    adapter.open({ url: server.url, signal: new AbortController().signal });
  const insert1: Step = {
    kind: "query",
    statement: { text: "INSERT INTO goods VALUES (1, 'tea')" },
    guarded: false,
    onError: "continue",
  };
  const select: Step = { ...insert1, statement: { text: "SELECT 1" } };
  const [first, second] = [await open(), await open()];
  for (const connection of [first, second]) await connection.send({ steps: [select] });
  const third = await open();
  const refusal = { code: "CONNECT_FAILED", outcome: "not-executed", retryable: true };
  await expect((async () => third.send({ steps: [insert1] }))()).rejects.toMatchObject(refusal);
  await expect.poll(() => third.state).toBe("closed");
  // The pool knows how to wait for those.
  await expect(open()).rejects.toMatchObject(refusal);
  await first.close();
  await expect.poll(async () => (await server.open()).backends.length).toBe(1);
  const fourth = await open();
  await fourth.send({ steps: [select] });
  for (const connection of [second, third, fourth]) await connection.close();
  expect(await names()).toEqual([]);
});

/** Longer than the bound of the reset's answer: without that, this is waited for. */
const HALF_OPEN = { answerTimeoutMs: 10_000 };

test("a WebSocket that is half open is found by the reset, and replaced unseen where nothing was executed", async () => {
  for (const transport of ["ws", "auto"] as const) {
    const { db, server, names } = await openShop({ neon: { transport, ...HALF_OPEN } });
    await db.session((session) => session.query("SELECT 1"));
    await server.fail({ on: "tunnel", action: "hang" });
    const startedAt = performance.now();
    await db.session((session) => session.query("INSERT INTO goods VALUES (1, 'tea')"));
    expect(performance.now() - startedAt).toBeLessThan(9_000);
    expect(await names()).toEqual(["tea"]);
  }
});

test("a stream on one is read from another connection, as nothing was executed", async () => {
  const { db, server } = await openShop({ neon: { transport: "ws", ...HALF_OPEN } });
  const read = async (how: "alone" | "session"): Promise<unknown[]> => {
    const rows: unknown[] = [];
    const readFrom = async (from: Pick<Session, "stream">): Promise<void> => {
      for await (const row of from.stream("SELECT generate_series(1, 3) AS n", { batchSize: 2 })) rows.push(row);
    };
    await (how === "alone" ? readFrom(db.autocommit) : db.session(readFrom));
    return rows;
  };
  for (const how of ["alone", "session"] as const) {
    await db.session((session) => session.query("SELECT 1"));
    await server.fail({ on: "tunnel", action: "hang" });
    const startedAt = performance.now();
    expect(await read(how)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(performance.now() - startedAt).toBeLessThan(9_000);
  }
});

test("an answer that never comes is given up in time, and said to be unknown", async () => {
  for (const transport of ["ws", "http"] as const) {
    const { db, server } = await openShop({ neon: { transport, answerTimeoutMs: 300 } });
    await db.autocommit.query("SELECT 1");
    const on = transport === "ws" ? "tunnel" : "http";
    await server.fail({ on, sql: "INSERT", action: "hang-after" });
    await expect(db.autocommit.query("INSERT INTO goods VALUES (1, 'tea')")).rejects.toMatchObject({
      code: "CONNECTION_LOST",
      outcome: "unknown",
      message: expect.stringContaining("300 ms"),
    });
    await expect(db.autocommit.query("SELECT pg_sleep(600)")).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    expect((await db.autocommit.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  }
});

test("statements of one tick outside of a transaction leave side by side over HTTP, each with its own fate", async () => {
  const { db, server } = await openShop({ server: { delayMs: 40 } });
  await server.query("CREATE TABLE side (n int)");
  // Those that only read would share a request.
  const work = (count: number): Promise<unknown> =>
    db.session(
      (session) =>
        Promise.allSettled(
          Array.from({ length: count }, (_, n) => session.query("INSERT INTO side VALUES ($1::int / ($1 - 3))", [n])),
        ),
      { transaction: false },
    );
  const settled = (await work(8)) as { status: string }[];
  // One after another they would share one.
  expect((await server.counts()).peakSockets).toBe(8);
  expect(settled.map(({ status }) => status[0]).join("")).toBe("fffrffff");
  await server.fail({ on: "http", sql: "'lost'", action: "drop-after" });
  const mixed = await db.session(
    (session) =>
      Promise.allSettled([
        session.query("INSERT INTO side SELECT 1 WHERE 'lost' <> ''"),
        session.query("INSERT INTO side VALUES (1) RETURNING 'told' AS t"),
      ]),
    { transaction: false },
  );
  expect(mixed).toMatchObject([
    { status: "rejected", reason: { code: "CONNECTION_LOST", outcome: "unknown" } },
    { status: "fulfilled", value: { rows: [{ t: "told" }] } },
  ]);
});

test("a stream whose size nobody has chosen fetches more each time", async () => {
  const { server } = await openShop();
  const connection = await neon(optionsFor(driver, server, { transport: "ws" }))
    .create({ url: server.url, folder: "" })
    .open({ url: server.url, signal: new AbortController().signal });
  const read = async (mayGrow: boolean): Promise<number[]> => {
    const sizes: number[] = [];
    const stream = connection.stream!({ text: "SELECT generate_series(1, 20000)" }, { batchSize: 100, mayGrow });
    for (let batch = await stream.next(); !batch.done; batch = await stream.next()) sizes.push(batch.value.rows.length);
    return sizes;
  };
  const [grown, even] = [await read(true), await read(false)];
  expect(grown.slice(0, 8)).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 6_400]);
  expect(even.every((size) => size === 100)).toBe(true);
  for (const sizes of [grown, even]) expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(20_000);
  await connection.close();
});

test("isopool/neon/http is the half without WebSocket", async () => {
  const { server } = await openShop();
  const { neon: query, Client } = driver;
  const { neonConfig } = optionsFor(driver, server);
  const db = createDatabase(server.url, { adapters: [neonHttp({ neon: query, Client, neonConfig })] });
  onTestFinished(() => db.dispose());
  expect((await db.autocommit.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  expect((await db.autocommit.batch([insert(1), "SELECT name FROM goods"]))[1].rows).toEqual([{ name: "goods 1" }]);
  await expect(db.session((session) => session.query("SELECT 1"))).rejects.toMatchObject({
    code: "TRANSACTION_UNSUPPORTED",
  });
  expect(() => neonHttp({ neon: undefined as never })).toThrow("Expected `neon` of @neondatabase/serverless");
  expect(() => neonHttp({ neon: query, neonConfig: {} })).toThrow("Expected `Client`");
  expect(() => neonHttp({ neon: query, answerTimeoutMs: -1 })).toThrow("got `-1`");
});
