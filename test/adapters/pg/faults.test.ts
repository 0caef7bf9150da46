// Connections that die, passwords that are wrong, servers that are not there: what is told is what was done.

import { createServer, type Socket } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { TLSSocket } from "node:tls";
import { connect } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { postgres } from "../../../src/adapters/pg/index.ts";
import { createDatabase, type Database } from "../../../src/index.ts";
import { PATIENCE } from "../../servers/patience.ts";
import { CERT, KEY } from "../neon/certificate.ts";
import { deadPort, insert, rests, runs } from "../neon/shop.ts";
import { drivers } from "./drivers.ts";
import { openPgShop } from "./shop.ts";

/** Takes TLS off, as a server in front of PostgreSQL does. @returns its port. */
async function startTls(targetPort: number): Promise<number> {
  const server = createServer((plain: Socket) => {
    plain.once("data", () => {
      plain.write("S");
      const secure = new TLSSocket(plain, { isServer: true, key: KEY, cert: CERT });
      const inner = connect(targetPort, "127.0.0.1");
      secure.pipe(inner).pipe(secure);
      for (const socket of [secure, inner, plain]) socket.on("error", () => undefined);
      secure.on("close", () => inner.destroy());
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe.each(["pg", "postgres.js"] as const)("through %s", (driver) => {
  const open = (url: string, ssl?: object): Database => {
    const db = createDatabase(url, {
      adapters: [postgres({ ...drivers[driver], ssl })],
      pool: { acquireTimeoutMs: 1_500 },
    });
    onTestFinished(() => db.dispose());
    return db;
  };

  test("one that died while it was idle is replaced unseen", async () => {
    const { db, server, names } = await openPgShop({ driver });
    for (const how of ["cut", "close", "terminate"] as const) {
      await db.query("SELECT 1");
      await server.kill({ how });
      await expect.poll(() => server.leaks(0), PATIENCE).toEqual([]);
      await db.session((session) => session.query("SELECT 1"));
    }
    await server.killBackends();
    await expect.poll(async () => (await server.open()).tunnels, PATIENCE).toEqual([]);
    await db.query("INSERT INTO goods VALUES (1, 'tea')");
    expect(await names()).toEqual(["tea"]);
  });

  test("one that died with a plain session's settings is not replaced: nothing runs without them", async () => {
    const { db, server, names } = await openPgShop({ driver });
    const work = db.session(
      async (session) => {
        await session.query("SET search_path TO nowhere");
        await server.kill({ how: "close" });
        await expect.poll(() => server.leaks(0), PATIENCE).toEqual([]);
        await session.query("INSERT INTO goods VALUES (1, 'tea')");
      },
      { transaction: false },
    );
    await expect(work).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    expect(await names()).toEqual([]);
  });

  test("a stream on one that died while it was idle is read on another", async () => {
    const { db, server } = await openPgShop({ driver });
    await db.query("SELECT 1");
    await server.kill({ how: "close" });
    await expect.poll(() => server.leaks(0), PATIENCE).toEqual([]);
    const rows: unknown[] = [];
    for await (const row of db.stream("SELECT 1 AS n")) rows.push(row);
    expect(rows).toEqual([{ n: 1 }]);
  });

  test("a COMMIT whose answer was lost is unknown, and one that never arrived took nothing", async () => {
    const { db, server, names } = await openPgShop({ driver });
    const work = (number: number): Promise<unknown> =>
      db.session(async (session) => {
        await session.query(insert(number).text, insert(number).params);
      });
    await work(1);
    await server.fail({ on: "tunnel", sql: "COMMIT", action: "drop-after" });
    await expect(work(2)).rejects.toMatchObject({ code: "COMMIT_UNKNOWN", outcome: "unknown" });
    await server.fail({ on: "tunnel", sql: "INSERT", action: "drop-before" });
    await expect(work(3)).rejects.toMatchObject({ code: "CONNECTION_LOST", outcome: "not-executed" });
    expect(await names()).toEqual(["goods 1", "goods 2"]);
  });

  test("a lone statement whose answer was lost may have been executed, and is not sent again", async () => {
    const { db, server, names } = await openPgShop({ driver });
    await db.query("SELECT 1");
    await server.fail({ on: "tunnel", sql: "INSERT", action: "drop-after" });
    await expect(db.autocommit.query("INSERT INTO goods VALUES (1, 'tea')")).rejects.toMatchObject({
      code: "CONNECTION_LOST",
      outcome: "unknown",
    });
    expect(await names()).toEqual(["tea"]);
  });

  test("a BEGIN that the server refuses never passes for a transaction that was taken back", async () => {
    const { db, server, names } = await openPgShop({ driver });
    await db.query("SELECT 1");
    await server.fail({ on: "statement", sql: "BEGIN", action: "refuse" });
    const work = db.session(async (session) => {
      await session.query("INSERT INTO goods VALUES (1, 'tea')");
    });
    // postgres.js has sent the statement by then, with a Sync of its own: it ran outside of a transaction.
    if (driver === "pg") await expect(work).rejects.toMatchObject({ code: "QUERY_FAILED", outcome: "not-executed" });
    else await expect(work).rejects.toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown", retryable: false });
    expect(await names()).toEqual(driver === "pg" ? [] : ["tea"]);
    await db.session((session) => session.query("INSERT INTO goods VALUES (2, 'salt')"));
    expect(await names()).toEqual(driver === "pg" ? ["salt"] : ["tea", "salt"]);
  });

  test("an aborted statement is cancelled at the server, and the session rolled back", async () => {
    const { db, server, names } = await openPgShop({ driver });
    const controller = new AbortController();
    const slow = "SELECT pg_sleep(600)";
    const working = db.session(async (session) => {
      await session.query("INSERT INTO goods VALUES (1, 'tea')");
      await session.query(slow, [], { signal: controller.signal });
    });
    await runs(server, slow);
    controller.abort(new Error("enough"));
    await expect(working).rejects.toThrow("enough");
    await rests(server);
    expect(await names()).toEqual([]);
  });

  test("a wrong password, no database and no server are told apart, without the secret", async () => {
    const { server } = await openPgShop({ driver });
    const { plainUrl } = server;
    const codeOf = async (url: string): Promise<unknown> =>
      open(url)
        .autocommit.query("SELECT 1")
        .catch((error: Error & { code: string; retryable: boolean }) => {
          expect(`${error.stack} ${JSON.stringify(error)}`).not.toMatch(/npg_secret|wr0ng/);
          return [error.code, error.retryable];
        });
    expect(await codeOf(plainUrl.replace("npg_secret", "wr0ng"))).toEqual(["AUTH_FAILED", false]);
    expect(await codeOf(plainUrl.replace(/[^/]+$/, "nowhere"))).toEqual(["CONNECT_FAILED", false]);
    const dead = await codeOf(plainUrl.replace(/:\d+\//, `:${await deadPort()}/`));
    expect(dead).toEqual([expect.stringMatching(/CONNECT_FAILED|POOL_TIMEOUT/), true]);
  });

  test("TLS is what the URL or the option asks for", async () => {
    const { server } = await openPgShop({ driver });
    const port = await startTls(Number(new URL(server.plainUrl).port));
    const url = server.plainUrl.replace(/:\d+\//, `:${port}/`);
    const one = async (db: Database): Promise<unknown> => (await db.autocommit.query("SELECT 1 AS one")).rows;
    expect(await one(open(url, { ca: CERT, checkServerIdentity: () => undefined }))).toEqual([{ one: 1 }]);
    await expect(one(open(`${url}?sslmode=verify-full`))).rejects.toMatchObject({
      code: "CONNECT_FAILED",
      message: expect.stringMatching(/self.signed/i),
    });
    if (driver === "pg") expect(await one(open(`${url}?sslmode=no-verify`))).toEqual([{ one: 1 }]);
    else expect(await one(open(`${url}?sslmode=require`))).toEqual([{ one: 1 }]);
    // It speaks no TLS.
    await expect(one(open(`${server.database.directUrl}?sslmode=require`))).rejects.toMatchObject({
      code: expect.stringMatching(/CONNECT_FAILED|POOL_TIMEOUT/),
    });
    expect(await one(open(`${server.plainUrl}?sslmode=disable`))).toEqual([{ one: 1 }]);
  });
});

test("wrong options are told at once", () => {
  const any = postgres as (options: unknown) => unknown;
  expect(() => any({})).toThrow("Expected either `Client` of pg or `postgres` of postgres.js");
  expect(() => any({ ...drivers.pg, ...drivers["postgres.js"] })).toThrow("Expected either");
  expect(() => any({ Client: {} })).toThrow("Expected `Client` of the driver to be a function, got `object`");
  expect(() => postgres({ ...drivers.pg, answerTimeoutMs: -1 })).toThrow("got `-1`");
});

test("a notification reaches a session's own connection, and none behind it", async () => {
  const { db } = await openPgShop();
  const session = db.open({ transaction: false });
  const { raw } = await session.getConnection();
  const client = raw as { on(event: "notification", listener: (message: { payload?: string }) => void): void };
  const heard: unknown[] = [];
  const isHeard = new Promise<void>((resolve) =>
    client.on("notification", ({ payload }) => {
      heard.push(payload);
      resolve();
    }),
  );
  await session.query("LISTEN news");
  await db.query("SELECT pg_notify('news', 'tea is here')");
  await isHeard;
  await session.close();
  await db.query("SELECT pg_notify('news', 'nobody hears')");
  await db.query("SELECT 1");
  expect(heard).toEqual(["tea is here"]);
});

test.each(["pg", "postgres.js"] as const)(
  "%s: what is asked for while the socket fails is not waited for",
  async (driver) => {
    const { db, server } = await openPgShop({ driver });
    for (let round = 0; round < 5; round++) {
      await db.query("SELECT 1");
      await server.kill();
      const startedAt = performance.now();
      const lost: unknown = await db.autocommit.query("SELECT 2").then(
        () => "CONNECTION_LOST",
        (error: { code: string }) => error.code,
      );
      expect(lost).toBe("CONNECTION_LOST");
      expect(performance.now() - startedAt).toBeLessThan(4_000);
    }
  },
);
