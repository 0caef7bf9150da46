import { afterEach, beforeEach, expect, test } from "vitest";
import { createDatabase, shared } from "../../../src/index.ts";
import { opentelemetry } from "../../../src/integrations/opentelemetry/index.ts";
import { sqlJs } from "../../../src/adapters/sql-js/index.ts";
import { FakeClock } from "../../kit/fake-clock.ts";
import { fakeDatabase } from "../../kit/fake-database.ts";
import { engine, shop, startTelemetry, type Telemetry } from "./telemetry.ts";

let telemetry: Telemetry;

beforeEach(() => {
  telemetry = startTelemetry();
});

afterEach(() => telemetry.stop());

const POOL = "db.client.connection.pool.name";
const STATE = "db.client.connection.state";

async function counts(): Promise<Record<string, number>> {
  const points = await telemetry.metric("db.client.connection.count");
  return Object.fromEntries(points.map(({ attributes, value }) => [attributes[STATE], value]));
}

test("the duration of operations, in seconds, by operation, table and error", async () => {
  const clock = new FakeClock();
  const { db } = fakeDatabase(
    { key: "fake:shop", script: (text) => void (text.startsWith("select") && clock.jump(250)) },
    { runtime: { ...shared(), clock }, onEvent: opentelemetry(telemetry.api) },
  );
  await db.autocommit.query("select * from item");
  await db.autocommit.query("select * from item");
  await db.dispose();
  const [point, ...others] = await telemetry.metric("db.client.operation.duration");
  expect(others).toEqual([]);
  expect(point).toMatchObject({
    unit: "s",
    count: 2,
    value: 0.5,
    attributes: { "db.operation.name": "SELECT", "db.collection.name": "item", "db.query.summary": "SELECT item" },
  });
  expect(point!.attributes).not.toHaveProperty("db.query.text");
});

test("a failure is a point of its own", async () => {
  const db = shop({ onEvent: opentelemetry(telemetry.api) });
  await db.sql`select * from nowhere`.catch(() => undefined);
  await db.dispose();
  const [point] = await telemetry.metric("db.client.operation.duration");
  expect(point!.attributes).toMatchObject({ "error.type": "SQLITE_ERROR", "db.response.status_code": "SQLITE_ERROR" });
});

test("connections are counted by state, and at the end there are none", async () => {
  const db = shop({ onEvent: opentelemetry(telemetry.api) });
  await db.session(async (session) => {
    await session.sql`select 1`;
    expect(await counts()).toEqual({ idle: 0, used: 1 });
  });
  expect(await counts()).toEqual({ idle: 1, used: 0 });
  await db.dispose();
  expect(await counts()).toEqual({ idle: 0, used: 0 });
});

test("two databases of one pool with one listener count each connection once", async () => {
  const listener = opentelemetry(telemetry.api);
  const options = { adapters: [sqlJs({ sqlJs: engine })], onEvent: listener };
  const [one, two] = [createDatabase("sqljs:telemetry", options), createDatabase("sqljs:telemetry", options)];
  await one.autocommit.query("select 1");
  await two.autocommit.query("select 1");
  await one.autocommit.query("select 1");
  expect(await counts()).toEqual({ idle: 1, used: 0 });
  const [created] = await telemetry.metric("db.client.connection.create_time");
  const [used] = await telemetry.metric("db.client.connection.use_time");
  expect([created?.count, used?.count]).toEqual([1, 3]);
  expect(created?.attributes[POOL]).toContain("sqljs:telemetry");
  await one.dispose();
  await two.dispose();
  expect(await counts()).toEqual({ idle: 0, used: 0 });
});

test("those who wait are pending, until they are served or give up", async () => {
  const clock = new FakeClock();
  const { db } = fakeDatabase(
    { key: "fake:wait" },
    {
      runtime: { ...shared(), clock },
      pool: { max: 1, acquireTimeoutMs: 1_000 },
      onEvent: opentelemetry(telemetry.api),
    },
  );
  const holder = db.open();
  await holder.query("one");
  const served = db.session((session) => session.query("two"));
  const late = db.session((session) => session.query("three"), { timeoutMs: 60_000 });
  const lateError = late.catch((error: unknown) => error);
  await clock.advance(0);
  const pending = async (): Promise<number> =>
    (await telemetry.metric("db.client.connection.pending_requests"))[0]!.value;
  expect(await pending()).toBe(2);
  await clock.advance(500);
  const blocker = db.open();
  await holder.close();
  await served;
  await lateError;
  expect(await pending()).toBe(0);
  await blocker.query("four");
  const refused = db.session((session) => session.query("five")).catch((error: { code: string }) => error.code);
  await clock.advance(1_000);
  expect(await refused).toBe("POOL_TIMEOUT");
  expect(await pending()).toBe(0);
  const [timeouts] = await telemetry.metric("db.client.connection.timeouts");
  expect(timeouts).toMatchObject({ value: 1, attributes: { [POOL]: "fake:wait" } });
  const [waits] = await telemetry.metric("db.client.connection.wait_time");
  expect(waits!.value).toBeGreaterThanOrEqual(0.5);
  await blocker.close();
  await db.dispose();
});

test("a listener that comes late counts what it sees from then on", async () => {
  const db = shop();
  await db.sql`select 1`;
  const stop = db.subscribe(opentelemetry(telemetry.api));
  await db.sql`select 2`;
  expect(await counts()).toEqual({ idle: 1, used: 0 });
  await db.dispose();
  expect(await counts()).toEqual({ idle: 0, used: 0 });
  stop();
});

test("a database that was created before the SDK was started is measured", async () => {
  await telemetry.stop();
  const db = shop({ onEvent: opentelemetry(telemetry.api) });
  telemetry = startTelemetry();
  await db.sql`select 1`;
  expect(await counts()).toMatchObject({ idle: 1 });
  expect(await telemetry.metric("db.client.operation.duration")).toHaveLength(1);
  expect(telemetry.spans()).toHaveLength(1);
  await db.dispose();
});
