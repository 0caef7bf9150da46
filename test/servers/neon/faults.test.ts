// Everything that can be made to go wrong, as Neon's own driver suffers it.

import { Client as PlainClient } from "pg";
import { describe, expect, test } from "vitest";
import { PATIENCE } from "../patience.ts";
import { controlOver } from "./control.ts";
import { outage, OUTAGES } from "./outages.ts";
import { failureOf, startWire } from "./wire-client.ts";

const TABLE = "CREATE TABLE t (id int)";
const INSERT = "INSERT INTO t VALUES (1)";
const COUNT = "SELECT count(*) AS n FROM t";

describe("over HTTP", () => {
  test("nothing or everything is executed when the connection is reset", async () => {
    const { server, sql } = await startWire();
    await server.query(TABLE);
    await server.fail({ on: "http", action: "drop-before", sql: "INSERT" });
    expect((await failureOf(sql.query(INSERT))).message).toMatch("fetch failed");
    expect(await server.query(COUNT)).toEqual([{ n: "0" }]);
    await server.fail({ on: "http", action: "drop-after" });
    expect((await failureOf(sql.query(INSERT))).message).toMatch("fetch failed");
    expect(await server.query(COUNT)).toEqual([{ n: "1" }]);
    expect((await server.requests()).map(({ status }) => status)).toEqual(["drop-before", "drop-after"]);
  });

  test("a status comes with its body, as often as it was asked for, after as many as were let through", async () => {
    const { server, sql } = await startWire();
    for (const message of OUTAGES) {
      await server.fail({ ...outage("http", message), after: 1, times: 2 });
      expect(await sql`SELECT 1 AS one`).toEqual([{ one: 1 }]);
      for (let n = 0; n < 2; n++) {
        expect((await failureOf(sql`SELECT 1`)).message).toMatch(
          `Server error (HTTP status 500): {"message":"${message}`,
        );
      }
    }
    await server.fail({ on: "http", action: "status", status: 200, body: "<html>", contentType: "text/html" });
    expect(await failureOf(sql`SELECT 1`)).toBeInstanceOf(SyntaxError);
    await server.fail({ on: "http", action: "status" });
    await server.clearFaults();
    expect(await sql`SELECT 1 AS one`).toEqual([{ one: 1 }]);
  });

  test("an answer is cut short, or never comes", async () => {
    const { server, sql } = await startWire();
    await server.query(TABLE);
    await server.fail({ on: "http", action: "truncate" });
    await failureOf(sql.query(INSERT));
    expect(await server.query(COUNT)).toEqual([{ n: "1" }]);
    for (const [action, n] of [
      ["hang", "1"],
      ["hang-after", "2"],
    ] as const) {
      await server.fail({ on: "http", action });
      const leaving = new AbortController();
      const pending = failureOf(sql.query(INSERT, [], { fetchOptions: { signal: leaving.signal } }));
      await expect.poll(async () => (await server.requests()).at(-1)!.status, PATIENCE).toBe(action);
      leaving.abort();
      expect((await pending).message).toMatch("aborted");
      expect(await server.query(COUNT)).toEqual([{ n }]);
    }
  });
});

describe("over a WebSocket", () => {
  test("an upgrade is refused, reset, or left waiting", async () => {
    const { server, connect } = await startWire();
    await server.fail({ on: "upgrade", action: "status", status: 503 });
    expect((await failureOf(connect())).message).toMatch("503");
    await server.fail({ on: "upgrade", action: "drop-before" });
    expect((await failureOf(connect())).message).toMatch("socket hang up");
    expect((await server.requests()).map(({ via, status }) => [via, status])).toEqual([
      ["upgrade", 503],
      ["upgrade", "drop-before"],
    ]);
  });

  test("a tunnel is cut before, during and after a statement", async () => {
    const { server, connect } = await startWire();
    await server.query(TABLE);
    for (const [action, n] of [
      ["drop-before", "0"],
      ["drop-during", "1"],
      ["drop-after", "2"],
    ] as const) {
      const { client, errors } = await connect();
      await client.query("SELECT 1");
      await server.fail({ on: "tunnel", action, sql: "INSERT" });
      expect((await failureOf(client.query(INSERT))).message).toBe("Connection terminated unexpectedly");
      await expect.poll(() => errors.length, PATIENCE).toBe(1);
      expect(await server.leaks()).toEqual([]);
      expect(await server.query(COUNT)).toEqual([{ n }]);
    }
  });

  test("the answer of a COMMIT is lost, and what it committed is there", async () => {
    const { server, connect } = await startWire();
    await server.query(TABLE);
    const { client } = await connect();
    await client.query("BEGIN");
    await client.query(INSERT);
    await server.fail({ on: "tunnel", action: "drop-after", sql: "COMMIT" });
    await failureOf(client.query("COMMIT"));
    expect(await server.query(COUNT)).toEqual([{ n: "1" }]);
  });

  // PostgreSQL asks for the password, and says nothing more before it comes.
  test("the answer to a startup or a password is dropped at once, and not when the client has lost its patience", async () => {
    const { server } = await startWire();
    for (const message of ["*", "p"]) {
      const client = new PlainClient(server.plainUrl);
      client.on("error", () => undefined);
      await server.fail({ on: "tunnel", action: "drop-after", message });
      // It has no limit of its own.
      expect((await failureOf(client.connect())).message).toMatch(/ECONNRESET|Connection terminated/);
      expect(await server.leaks()).toEqual([]);
    }
  });

  test("what is asked past the proxy again and again is on one connection, which is not shown", async () => {
    const { server } = await startWire();
    const pid = "SELECT pg_backend_pid() AS pid";
    const [first] = await server.queryAgain(pid);
    expect(await server.queryAgain(pid)).toEqual([first]);
    expect(await server.query(pid)).not.toEqual([first]);
    expect(await server.leaks()).toEqual([]);
    await server.killBackends();
    expect(await server.queryAgain(pid)).not.toEqual([first]);
    expect(await server.leaks()).toEqual([]);
  });

  test("an outage is told at startup, and an answer never comes", async () => {
    const { server, connect } = await startWire();
    for (const message of OUTAGES) {
      await server.fail(outage("tunnel", message));
      const { client } = await connect();
      expect(await failureOf(client.query("SELECT 1"))).toMatchObject({ code: "XX000", message });
    }
    const { client: silent } = await connect();
    await silent.query("SELECT 1");
    await server.fail({ on: "tunnel", action: "hang-after" });
    const pending = failureOf(silent.query("SELECT 2"));
    await expect
      .poll(async () => (await server.open()).backends.map(({ query }) => query), PATIENCE)
      .toContain("SELECT 2");
    await server.kill();
    await pending;
  });

  test("tunnels are cut by what they do: idle, in a transaction, or while a query runs", async () => {
    const { server, connect } = await startWire();
    const [idle, begun, active] = await Promise.all([connect(), connect(), connect()]);
    await Promise.all([idle, begun].map(({ client }) => client.query("SELECT 1")));
    await begun.client.query("BEGIN");
    await active.client.query("SELECT 1");
    const sleeping = failureOf(active.client.query("SELECT pg_sleep(600)"));
    await expect
      .poll(async () => (await server.open()).tunnels.map(({ status }) => status).toSorted(), PATIENCE)
      .toEqual(["I", "Q", "T"]);
    expect(await server.kill({ which: "idle", how: "close" })).toBe(1);
    await expect.poll(() => idle.errors.length, PATIENCE).toBe(1);
    expect(await server.kill({ which: "transaction", how: "terminate" })).toBe(1);
    await expect
      .poll(() => begun.errors.map(String), PATIENCE)
      .toContain("error: terminating connection due to administrator command");
    expect([active.errors.length, await server.kill({ which: "active" })]).toEqual([0, 1]);
    await sleeping;
    // PostgreSQL notices that its client has gone when it next writes to it.
    await expect
      .poll(async () => (await server.open()).backends.map(({ state }) => state), PATIENCE)
      .toEqual(["active"]);
    expect(await server.killBackends()).toBe(1);
  });

  test("a restart of the compute ends every backend, and is told as 57P01", async () => {
    const { server, sql, connect } = await startWire();
    const { client, errors } = await connect();
    await client.query("SELECT 1");
    await sql`SELECT 1`;
    expect(await server.killBackends()).toBe(2);
    await expect.poll(() => errors[0], PATIENCE).toMatchObject({ code: "57P01" });
    expect(await sql`SELECT 1 AS one`).toEqual([{ one: 1 }]);
  });
});

test("a Worker or a page tells a server the same over HTTP", async () => {
  const { server, sql } = await startWire();
  const control = controlOver(server.controlUrl);
  await control.query(TABLE);
  await control.fail({ on: "http", action: "status", status: 500 });
  await failureOf(sql.query(INSERT));
  expect(await control.requests()).toMatchObject([{ via: "http", sql: [INSERT], status: 500 }]);
  expect((await control.counts()).flights).toBe(1);
  expect(await control.leaks()).toEqual([]);
  await expect(control.query("nonsense")).rejects.toThrow('syntax error at or near "nonsense"');
});
