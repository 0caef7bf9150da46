import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createDatabase, type Database } from "../../../src/index.ts";
import { placeOf } from "../../../src/integrations/opentelemetry/place.ts";
import { opentelemetry } from "../../../src/integrations/opentelemetry/index.ts";
import { startLibsqlServer } from "../../servers/libsql/libsql-server.ts";
import { libsql } from "../../../src/adapters/libsql/index.ts";
import { shop, startTelemetry, type Telemetry } from "./telemetry.ts";

let telemetry: Telemetry;
let db: Database;

beforeEach(async () => {
  telemetry = startTelemetry();
  db = shop();
  await db.query("create table item (id integer primary key, name text unique)");
  await db.query("create table visit (path text)");
});

afterEach(async () => {
  expect(db.stats()).toMatchObject({ busy: 0, waiting: 0 });
  await db.dispose();
  await telemetry.stop();
});

const attributes = (at = -1): object => telemetry.spans().at(at)!.attributes;

test("one span a flight, with what the conventions ask of it", async () => {
  const stop = db.subscribe(opentelemetry(telemetry.api));
  await db.session(async (session) => {
    await session.sql`insert into item (name) values (${"s3cr3t"})`;
  });
  stop();
  await db.sql`select * from item`;
  const [insert, commit, ...others] = telemetry.spans();
  expect(others).toEqual([]);
  expect(insert).toMatchObject({ name: "INSERT item", kind: telemetry.api.SpanKind.CLIENT, status: { code: 0 } });
  expect(insert!.attributes).toEqual({
    "db.system.name": "sqlite",
    "db.operation.name": "INSERT",
    "db.collection.name": "item",
    "db.query.summary": "INSERT item",
    "db.query.text": "BEGIN; insert into item (name) values (?)",
  });
  expect(commit).toMatchObject({ name: "COMMIT", attributes: { "db.operation.name": "COMMIT" } });
  expect(JSON.stringify(telemetry.spans().map((span) => [span.name, span.attributes, span.status]))).not.toContain(
    "s3cr3t",
  );
});

test("statements of one flight are a batch", async () => {
  db.subscribe(opentelemetry(telemetry.api));
  await db.session((session) =>
    Promise.all([
      session.sql`insert into item (name) values (${"a"})`,
      session.sql`insert into item (name) values (${"b"})`,
      session.sql`insert into visit values (${"/"})`,
    ]),
  );
  expect(telemetry.spans()[0]).toMatchObject({ name: "BATCH INSERT item; INSERT visit" });
  expect(attributes(0)).toMatchObject({
    "db.operation.name": "BATCH INSERT",
    "db.operation.batch.size": 3,
    "db.query.text": expect.stringMatching(/^BEGIN; insert into item .*; insert into item .*; insert into visit/),
  });
  expect(attributes(0)).not.toHaveProperty("db.collection.name");
});

test("savepoints do not count, neither beside a COMMIT nor beside a BEGIN", async () => {
  db.subscribe(opentelemetry(telemetry.api));
  await db.session(async (session) => {
    await session.transaction((part) => part.sql`insert into item values (1, 'a')`.run(), { propagation: "nested" });
  });
  await db.session((session) =>
    session.transaction(
      async (part) => {
        for await (const _ of part.stream("select 1"));
      },
      { propagation: "nested" },
    ),
  );
  const named = telemetry.spans().filter(({ attributes: of }) => !of["db.collection.name"]);
  expect(named.map(({ name, attributes: of }) => [name, of["db.query.text"]])).toEqual([
    ["COMMIT", "RELEASE; COMMIT"],
    ["BEGIN", "BEGIN; SAVEPOINT"],
    ["COMMIT", "RELEASE; COMMIT"],
  ]);
  for (const { attributes: of } of named) expect(of).not.toHaveProperty("db.operation.batch.size");
});

test("a failed flight has its status, and the database's own code", async () => {
  db.subscribe(opentelemetry(telemetry.api));
  await db.sql`insert into item values (1, ${"tea"})`;
  await expect(db.sql`insert into item values (2, ${"tea"})`).rejects.toThrow();
  expect(telemetry.spans().at(-1)).toMatchObject({
    status: { code: telemetry.api.SpanStatusCode.ERROR, message: "QUERY_FAILED: UNIQUE constraint failed: item.name" },
    attributes: { "error.type": "SQLITE_CONSTRAINT", "db.response.status_code": "SQLITE_CONSTRAINT" },
  });
});

describe("a span's parent", () => {
  test("is the span that is active where the statement is issued", async () => {
    db.subscribe(opentelemetry(telemetry.api));
    await telemetry.tracer.startActiveSpan("request", async (request) => {
      await db.session(async (session) => {
        await session.sql`select 1 as outer_one`;
        await telemetry.tracer.startActiveSpan("part", async (part) => {
          await session.sql`select 2 as inner_one`;
          part.end();
        });
      });
      request.end();
    });
    const byName = (name: string): ReturnType<Telemetry["spans"]>[number] =>
      telemetry.spans().find((span) => span.name === name || String(span.attributes["db.query.text"]).includes(name))!;
    const idOf = (name: string): string => byName(name).spanContext().spanId;
    expect(byName("outer_one").parentSpanContext?.spanId).toBe(idOf("request"));
    expect(byName("inner_one").parentSpanContext?.spanId).toBe(idOf("part"));
  });

  test("is the one where the session began, if none is active: a session by hand", async () => {
    db.subscribe(opentelemetry(telemetry.api));
    const request = telemetry.tracer.startSpan("request");
    const context = telemetry.api.trace.setSpan(telemetry.api.ROOT_CONTEXT, request);
    const session = telemetry.api.context.with(context, () => db.open());
    await session.sql`select 1`;
    await session.close();
    request.end();
    const [select] = telemetry.spans();
    expect(select).toMatchObject({ name: "SELECT", parentSpanContext: { spanId: request.spanContext().spanId } });
  });
});

test("a span lasts as long as its flight, and says where it went", async () => {
  const server = await startLibsqlServer({ profile: "sqld" });
  const remote = createDatabase(server.url, {
    adapters: [libsql()],
    onEvent: opentelemetry(telemetry.api, { system: "libsql", attributes: { "service.peer.name": "shop" } }),
  });
  const before = Date.now();
  await remote.autocommit.query("select 1");
  await remote.dispose();
  await server.stop();
  const [span] = telemetry.spans();
  const { hostname, port } = new URL(server.url);
  expect(span!.attributes).toMatchObject({
    "db.system.name": "libsql",
    "server.address": hostname,
    "server.port": Number(port),
    "service.peer.name": "shop",
  });
  const [seconds, nanoseconds] = span!.startTime;
  const startedAt = seconds * 1000 + nanoseconds / 1e6;
  expect(startedAt).toBeGreaterThanOrEqual(before - 1);
  expect(startedAt).toBeLessThanOrEqual(Date.now());
  expect(span!.ended).toBe(true);
});

test("the text can be left out", async () => {
  db.subscribe(opentelemetry(telemetry.api, { queryText: false }));
  await db.sql`select 1`;
  expect(attributes()).not.toHaveProperty("db.query.text");
});

test("without an SDK nothing is recorded, and nothing fails", async () => {
  await telemetry.stop();
  const stop = db.subscribe(opentelemetry(telemetry.api));
  await db.session((session) => session.sql`select 1`);
  stop();
  expect(telemetry.spans()).toEqual([]);
});

test("what is not the API is refused, with the remedy", () => {
  expect(() => opentelemetry({} as never)).toThrow("Expected `api` to be the module `@opentelemetry/api`");
  expect(() => opentelemetry(undefined as never)).toThrow(TypeError);
});

test("a pool host has connections to PostgreSQL, and no others", () => {
  expect(placeOf("hosted://shop", undefined)).toMatchObject({ "db.system.name": "postgresql" });
  expect(placeOf("hostedelsewhere://shop", undefined)).toMatchObject({ "db.system.name": "sqlite" });
});
