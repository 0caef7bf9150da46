// What the WebSocket tunnel does to PostgreSQL's protocol, seen through Neon's own driver.

import { Client } from "@neondatabase/serverless";
import { expect, test } from "vitest";
import { PATIENCE } from "../patience.ts";
import { failureOf, startWire } from "./wire-client.ts";

/** Types of the driver's Client leave out what it inherits from pg's. */
interface Cancelling {
  cancel(client: Client, query: unknown): void;
}

test("what belongs to a session lasts as long as its socket", async () => {
  const { connect } = await startWire();
  const { client } = await connect();
  await client.query("CREATE TEMP TABLE t (id int)");
  await client.query("SET app.who = 'me'");
  await client.query("BEGIN");
  await client.query("INSERT INTO t VALUES ($1)", [1]);
  await client.query("ROLLBACK");
  const { rows } = await client.query("SELECT count(*)::int AS n, current_setting('app.who') AS who FROM t");
  expect(rows).toEqual([{ n: 0, who: "me" }]);
  await client.end();
});

test("connecting is one flight beside the first query, and a goodbye is none", async () => {
  const { server, connect } = await startWire();
  const { client } = await connect();
  await client.query("SELECT 1");
  expect((await server.counts()).flights).toBe(2);
  await Promise.all([client.query("BEGIN"), client.query("SELECT 2"), client.query("COMMIT")]);
  await client.end();
  // The driver sends one query at a time, however many it was given.
  expect((await server.counts()).flights).toBe(5);
  const seen = (await server.requests()).map(({ via, messages, sql }) => ({ via, messages, sql }));
  expect(seen).toEqual([
    { via: "upgrade", messages: "", sql: [] },
    { via: "tunnel", messages: "*pQ", sql: ["SELECT 1"] },
    { via: "tunnel", messages: "Q", sql: ["BEGIN"] },
    { via: "tunnel", messages: "Q", sql: ["SELECT 2"] },
    { via: "tunnel", messages: "Q", sql: ["COMMIT"] },
    { via: "terminate", messages: "X", sql: [] },
  ]);
  await server.forgetRequests();
  expect(await server.counts()).toMatchObject({ flights: 0, tunnelsOpened: 0, peakTunnels: 0 });
});

test("a message that leaves before anything was answered travels in the same flight", async () => {
  const { server, connect } = await startWire();
  const { client } = await connect();
  await client.query("SELECT 1");
  await server.fail({ on: "tunnel", action: "hang-after", sql: "SELECT 2" });
  const pending = failureOf(client.query("SELECT 2"));
  const sent = async (): Promise<string[]> => (await server.requests()).flatMap(({ sql }) => sql);
  await expect.poll(sent, PATIENCE).toContain("SELECT 2");
  (client as unknown as { connection: { query(text: string): void } }).connection.query("SELECT 3");
  await expect.poll(sent, PATIENCE).toContain("SELECT 3");
  expect((await server.counts()).flights).toBe(3);
  await server.kill();
  await pending;
});

test("of the parameters at startup few come through", async () => {
  const { server } = await startWire();
  const client = new Client({
    connectionString: server.url,
    statement_timeout: 1_234,
    idle_in_transaction_session_timeout: 1_234,
    application_name: "mine",
    options: "endpoint=ep-test neon_proxy_params_compat:true -c lock_timeout=77",
  });
  await client.connect();
  const { rows } = await client.query("SELECT name, setting FROM pg_settings WHERE name = ANY ($1) ORDER BY name", [
    ["statement_timeout", "idle_in_transaction_session_timeout", "application_name", "lock_timeout"],
  ]);
  await client.end();
  expect(rows.map(({ setting }: { setting: string }) => setting)).toEqual(["mine", "0", "77", "0"]);
});

test("whatever fails at startup is XX000, and a password is refused in Neon's words", async () => {
  const { server, connect } = await startWire({ endpoints: ["ep-good"] });
  const refused = "password authentication failed for user 'neondb_owner'";
  const reasons = [
    [server.url.replace("npg_secret", "guess"), refused],
    [server.url.replace("ep-good", "ep-bad"), refused],
    [server.url.replace(server.database.name, "nodb"), 'database "nodb" does not exist'],
  ] as const;
  for (const [url, message] of reasons) {
    const { client, errors } = await connect(url);
    expect(await failureOf(client.query("SELECT 1"))).toMatchObject({ code: "XX000", message });
    await expect.poll(() => errors.map(String), PATIENCE).toEqual(["Error: Connection terminated unexpectedly"]);
  }
});

test("a second socket cancels by the key that the proxy made up, and no other key does", async () => {
  const { server, connect } = await startWire();
  const { client } = await connect();
  const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
  expect(processID).not.toBe(rows[0]!.pid);
  const sleeping = failureOf(client.query("SELECT pg_sleep(600)"));
  await expect.poll(async () => (await server.open()).tunnels, PATIENCE).toEqual([{ number: 1, status: "Q" }]);
  const cancel = (pid: number, secret: number): void => {
    const canceller = new Client(server.url) as unknown as Cancelling;
    const query = {};
    canceller.cancel({ processID: pid, secretKey: secret, activeQuery: query } as unknown as Client, query);
  };
  cancel(processID, secretKey ^ 1);
  await expect
    .poll(async () => (await server.requests()).filter(({ via }) => via === "cancel"), PATIENCE)
    .toHaveLength(1);
  expect((await server.open()).tunnels).toEqual([{ number: 1, status: "Q" }]);
  cancel(processID, secretKey);
  expect(await sleeping).toMatchObject({ code: "57014" });
  await client.end();
  // Those that cancelled had no session.
  expect(await server.counts()).toMatchObject({ peakTunnels: 1, tunnelsOpened: 3 });
});

test("a transaction that was left open is told as a leak, and so are its locks", async () => {
  const { server, connect } = await startWire();
  const { client } = await connect();
  await client.query("BEGIN");
  await client.query("SELECT pg_advisory_xact_lock(7)");
  expect(await server.leaks(100)).toEqual([
    "tunnel 1, status T",
    expect.stringMatching(/^backend \d+, idle in transaction: SELECT pg_advisory_xact_lock/) as string,
    "1 advisory locks",
  ]);
  await client.query("ROLLBACK");
  await client.end();
});

test("the most sockets that were open at once are told, HTTP's and WebSockets' together", async () => {
  const { server, sql, connect } = await startWire();
  const clients = await Promise.all([connect(), connect(), connect()]);
  await Promise.all([sql`SELECT 1`, ...clients.map(({ client }) => client.query("SELECT 1"))]);
  for (const { client } of clients) await client.end();
  const { client } = await connect();
  await client.query("SELECT 1");
  await client.end();
  expect(await server.counts()).toMatchObject({ peakSockets: 4, peakTunnels: 3, tunnelsOpened: 4 });
});

test("a delay is paid each way, and twice more by who connects", async () => {
  const { sql, connect } = await startWire({ delayMs: 25 });
  // Each of the server's tests has a port of its own, so this is a new connection.
  const http = await timeOf(() => sql`SELECT 1`);
  const warm = await timeOf(() => sql`SELECT 1`);
  expect([http >= 100, warm >= 50]).toEqual([true, true]);
  const { client } = await connect();
  expect(await timeOf(() => client.query("SELECT 1"))).toBeGreaterThanOrEqual(50);
  await client.end();
});

test("each server has databases of its own, and one may have several", async () => {
  const { server, connect } = await startWire();
  const other = await server.createDatabase();
  await server.query("CREATE TABLE here ()");
  await server.query("CREATE TABLE there (id int); INSERT INTO there VALUES (1)", other);
  const { client } = await connect(other.url);
  expect((await client.query("SELECT * FROM there")).rows).toEqual([{ id: 1 }]);
  expect(await failureOf(client.query("SELECT * FROM here"))).toMatchObject({ code: "42P01" });
  await client.end();
  expect(await server.query("SELECT id, NULL AS none FROM there", other)).toEqual([{ id: "1", none: null }]);
});

/** In milliseconds, from below: a timer may fire a little early. */
async function timeOf(work: () => PromiseLike<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt + 5;
}
