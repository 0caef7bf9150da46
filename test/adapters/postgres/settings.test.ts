// Settings are local to their transaction: in the flight of its first statement, and gone with it.

import { describe, expect, test } from "vitest";
import { neon, type NeonOptions } from "../../../src/adapters/neon/index.ts";
import type { DriverConnection, QueryStep, Settings, Step, StepOutcome } from "../../../src/contract/adapter.ts";
import type { DbError } from "../../../src/errors.ts";
import { COMMIT, unwrap } from "../../../src/integrations/adapter-contract/fixture.ts";
import type { RunningServer } from "../../servers/neon/server.ts";
import { driver } from "../neon/driver.ts";
import { openShop } from "../neon/shop.ts";
import { optionsFor } from "../neon/target.ts";

const LOOK = "SELECT current_setting('app.tenant', true) AS tenant, current_user AS who";
const query = (text: string, guarded = false): QueryStep => ({
  kind: "query",
  statement: { text },
  guarded,
  onError: "continue",
});
const begin = (settings: Settings): Step => ({ kind: "begin", options: { settings } });

async function openOn(
  server: RunningServer,
  options: Partial<NeonOptions>,
  url = server.url,
): Promise<DriverConnection> {
  return neon(optionsFor(driver, server, options))
    .create({ url, folder: "" })
    .open({ url, signal: new AbortController().signal });
}

const rowOf = async (connection: DriverConnection, steps: Step[], settings?: Settings): Promise<unknown> =>
  unwrap((await connection.send({ steps, ...(settings && { settings }) })).find((_, at) => steps[at]!.kind === "query"))
    .rows[0];

describe.each(["http", "ws", "auto"] as const)("over %s", (transport) => {
  test("a lone statement, a list and a transaction have them, in their own flight, and what comes next has not", async () => {
    const { server } = await openShop();
    const connection = await openOn(server, { transport });
    const [settings] = [{ "app.tenant": "t'1", role: "neondb_owner", "app.n": 7, "app.on": true }];
    expect(await rowOf(connection, [query(LOOK)], settings)).toEqual(["t'1", "neondb_owner"]);
    expect(["", null]).toContain(((await rowOf(connection, [query(LOOK)])) as unknown[])[0]);
    await server.forgetRequests();
    expect(await rowOf(connection, [begin(settings), query(LOOK, true), COMMIT])).toEqual(["t'1", "neondb_owner"]);
    expect((await server.counts()).flights).toBe(1);
    expect(["", null]).toContain(((await rowOf(connection, [query(LOOK)])) as unknown[])[0]);
    if (transport !== "http") {
      await connection.send({ steps: [begin(settings)] });
      expect(await rowOf(connection, [query(LOOK, true)])).toEqual(["t'1", "neondb_owner"]);
      await connection.send({ steps: [COMMIT] });
      const reading = connection.stream!({ text: LOOK }, { batchSize: 5, settings });
      expect((await reading.next()).value!.rows).toEqual([["t'1", "neondb_owner"]]);
      expect((await reading.next()).done).toBe(true);
    }
    await connection.close();
  });

  test("values are parameters, and names are checked before anything is sent", async () => {
    const { server } = await openShop();
    const connection = await openOn(server, { transport });
    // The login is over then.
    await connection.send({ steps: [query("SELECT 1")] });
    await server.forgetRequests();
    for (const name of ["App.Tenant", "app.tenant; drop", "", "1a", "app-tenant"]) {
      const sending = async (): Promise<unknown> =>
        connection.send({ steps: [query("SELECT 1")], settings: { [name]: "x" } });
      await expect(sending()).rejects.toThrow(TypeError);
      await expect(sending()).rejects.toThrow(`\`${name}\``);
      const beginning = async (): Promise<unknown> => connection.send({ steps: [begin({ [name]: "x" }), COMMIT] });
      await expect(beginning()).rejects.toThrow(TypeError);
    }
    expect(await server.requests()).toEqual([]);
    await connection.send({ steps: [query("SELECT 1")], settings: { "app.tenant": "s3cret" } });
    expect((await server.requests()).flatMap(({ sql }) => sql).join()).not.toContain("s3cret");
    expect(connection.state).toBe("idle");
    await connection.close();
  });

  test("one that the server refuses fails the transaction or the statement, shows no value, and leaves nothing open", async () => {
    const { server, names } = await openShop();
    const connection = await openOn(server, { transport });
    const insert = "INSERT INTO goods VALUES (1, 'tea')";
    for (const settings of [{ statement_timeout: "s3cret" }, { role: "s3cret" }]) {
      const lone = await connection.send({ steps: [query(insert)], settings });
      expect(lone[0]).toMatchObject({ status: "failed", error: { code: "QUERY_FAILED" } });
      const sending = async (): Promise<readonly StepOutcome[]> =>
        connection.send({ steps: [begin(settings), query(insert, true), COMMIT] });
      const whole = await sending().catch((error: Error) => [{ status: "failed", error } as const]);
      const failed = whole.find(({ status }) => status === "failed") as { error: Error };
      expect(failed.error).toMatchObject({ code: "QUERY_FAILED" });
      for (const { message, cause } of [failed.error, (lone[0] as { error: Error }).error])
        expect(`${message} ${String(cause)}`).not.toContain("s3cret");
      if (transport !== "http") {
        const [begun] = await connection.send({ steps: [begin(settings), query(insert, true)] });
        expect(begun).toMatchObject({ status: "failed" });
      }
      expect(connection.state).toBe("idle");
    }
    expect(await names()).toEqual([]);
    await connection.close();
  });
});

test.each<[string, Settings, RegExp]>([
  ["a role that is none", { role: "s3cret" }, /: role "\?" does not exist$/],
  ["a parameter that is none", { tenant: "s3cret" }, /: unrecognized configuration parameter "tenant"$/],
  ["a value that is none", { statement_timeout: "s3cret" }, /: invalid value for parameter "statement_timeout": "\?"$/],
])("%s is told by its name, and its value is not shown", async (_, settings, message) => {
  for (const transport of ["http", "ws"] as const) {
    const { server } = await openShop();
    const connection = await openOn(server, { transport });
    const [outcome] = await connection.send({ steps: [query("SELECT 1")], settings });
    const { error } = outcome as StepOutcome & { status: "failed"; error: DbError };
    expect(error.message).toMatch(message);
    if (transport === "ws") {
      const reading = connection.stream!({ text: "SELECT 1" }, { batchSize: 5, settings });
      const refused = await Promise.resolve(reading.next()).catch((thrown: unknown) => thrown);
      expect(refused).toMatchObject({ message: error.message, details: error.details });
      expect(String((refused as Error).cause)).not.toContain("s3cret");
      await reading.return();
      expect(connection.state).toBe("idle");
    }
    await connection.close();
  }
});

test("the role comes last, so that it need not be allowed the rest", async () => {
  const { server } = await openShop();
  const connection = await openOn(server, { transport: "ws" });
  await server.forgetRequests();
  await connection.send({ steps: [query("SELECT 1")], settings: { role: "none", "app.a": "1", "app.b": "2" } });
  const sent = (await server.requests()).flatMap(({ sql }) => sql);
  expect(sent[0]).toBe(
    "SELECT pg_catalog.set_config('app.a', $1, true), pg_catalog.set_config('app.b', $2, true), pg_catalog.set_config('role', $3, true)",
  );
  await connection.close();
});

test("settings over a statement that can be in no transaction are refused, and nothing is sent", async () => {
  const { server } = await openShop();
  const connection = await openOn(server, { transport: "ws" });
  const [outcome] = await connection.send({ steps: [query("VACUUM goods")], settings: { "app.tenant": "1" } });
  expect(outcome).toMatchObject({ status: "failed", error: { code: "QUERY_FAILED", outcome: "not-executed" } });
  const [block] = await connection.send({ steps: [query("DO $$ BEGIN END $$")], settings: { "app.tenant": "1" } });
  expect(block).toMatchObject({ status: "done" });
  await connection.close();
});

describe("behind a pooler", () => {
  test.each<[string, (url: string) => string, Partial<NeonOptions>]>([
    ["by its host", (url) => url.replace("@ep-test.", "@ep-test-pooler."), {}],
    ["by the option", (url) => url, { pooled: true }],
  ])("told %s, the URL's settings are local to each transaction", async (_, toUrl, options) => {
    for (const transport of ["ws", "auto", "http"] as const) {
      const { db, server } = await openShop({
        neon: { transport, ...options },
        url: (url) => `${toUrl(url)}&statement_timeout=4321&options=-c%20app.Who%3Dme`,
      });
      const look = "SELECT current_setting('statement_timeout') AS t, current_setting('app.who') AS who";
      expect((await db.autocommit.query(look)).rows).toEqual([{ t: "4321ms", who: "me" }]);
      if (transport !== "http") {
        expect((await db.session((session) => session.query(look))).rows).toEqual([{ t: "4321ms", who: "me" }]);
        for await (const row of db.autocommit.stream(look)) expect(row).toEqual({ t: "4321ms", who: "me" });
      }
      const texts = (await server.requests()).flatMap(({ sql }) => sql).filter((text) => text.includes("set_config"));
      expect(texts.length).toBeGreaterThan(0);
      expect(texts.every((text) => text.endsWith("true)"))).toBe(true);
    }
  });

  test("setup that would reach others is refused with the remedy, and so is what a session would have to keep", async () => {
    const { server } = await openShop();
    for (const transport of ["ws", "auto", "http"] as const) {
      const adapter = neon(optionsFor(driver, server, { transport, pooled: true })).create({
        url: server.url,
        folder: "",
      });
      for (const text of ["SET app.a = '1'", "SELECT my_setup()", "PREPARE p AS SELECT 1", "CREATE TEMP TABLE t ()"])
        expect(() => adapter.check!({ text }, "setup")).toThrow(/QUERY_FAILED.*pooler.*`settings`/);
      expect(() => adapter.check!({ text: "LISTEN news" }, "session")).toThrow(/pooler/);
      adapter.check!({ text: "CREATE TABLE IF NOT EXISTS t ()" }, "setup");
      adapter.check!({ text: "SET LOCAL app.a = '1'" }, "transaction");
    }
    const direct = neon(optionsFor(driver, server)).create({ url: server.url, folder: "" });
    direct.check!({ text: "SET app.a = '1'" }, "setup");
  });
});

test.each([
  "SELECT pg_advisory_lock(1)",
  "LISTEN news",
  "SET app.x = '1'",
  "PREPARE p AS SELECT 1",
  "CREATE TEMP TABLE t ()",
  "SELECT 1 INTO TEMP t",
  "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
  "SELECT set_config('app.x', '1', false)",
])("on its own, what lasts as long as its session is refused with the remedy: %s", async (text) => {
  const { server } = await openShop();
  const adapter = neon(optionsFor(driver, server)).create({ url: server.url, folder: "" });
  expect(() => adapter.check!({ text }, "autocommit")).toThrow(/QUERY_FAILED.*db\.session\(/);
  adapter.check!({ text }, "session");
  for (const fine of [
    "SET LOCAL app.x = '1'",
    "SELECT pg_advisory_xact_lock(1)",
    "CREATE TEMP TABLE t () ON COMMIT DROP",
  ])
    adapter.check!({ text: fine }, "autocommit");
});
