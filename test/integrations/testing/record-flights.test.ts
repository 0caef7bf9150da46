import { AsyncLocalStorage } from "node:async_hooks";
import { readFileSync } from "node:fs";
import { runInThisContext } from "node:vm";
import { expect, onTestFinished, test } from "vitest";
import { asyncLocal, createDatabase, type Database, DbError, isDbError } from "../../../src/index.ts";
import { fakeAdapter, fakeClock, recordFlights, rolledBack } from "../../../src/integrations/testing/index.ts";
import { SHOPS } from "../kysely/shop.ts";

const { "sql.js": openShop } = SHOPS as Record<string, (typeof SHOPS)[string]>;

test("the example of docs/testing.md is true", async () => {
  const { db } = await openShop!();
  const page = readFileSync("docs/testing.md", "utf8");
  const example = /```ts\n(?<code>(?:(?!```)[^])*recordFlights\(db\);[^]*?)```/.exec(page)?.groups?.["code"] ?? "";
  const code = example.replaceAll(/^import .*$/gm, "").replaceAll("using ", "const ");
  expect(code).toContain("toEqual");
  await runInThisContext(`async (db, expect, recordFlights) => {${code}}`)(db, expect, recordFlights);
});

test("what a database sends is a list of lists", async () => {
  const { db } = await openShop!();
  using flights = recordFlights(db);
  await db.session(async (session) => {
    await Promise.all([session.sql`select ${1}`, session.sql`select 2`]);
    await session.commit(session.sql`insert into item (name) values (${"secret"})`);
  });
  await db.sql`select 3`;
  for await (const _ of db.autocommit.stream("select 4"));
  expect(flights).toEqual([
    ["begin", "select ?", "select 2"],
    ["insert into item (name) values (?)", "commit"],
    ["select 3"],
    ["select 4"],
  ]);
  expect(flights.count).toBe(4);
  expect(flights.statements).toEqual([
    "select ?",
    "select 2",
    "insert into item (name) values (?)",
    "select 3",
    "select 4",
  ]);
  expect(JSON.stringify(flights)).not.toContain("secret");
  expect(flights.filter((flight) => flight.length === 1)).toHaveLength(2);
  flights.clear();
  expect(flights).toEqual([]);
  flights.stop();
  await db.sql`select 5`;
  expect(flights.count).toBe(0);
});

test("values are there when they are asked for, and setup too", async () => {
  const db = createDatabase("fake:db", {
    adapters: [fakeAdapter()],
    context: asyncLocal(AsyncLocalStorage),
    setup: ["set up"],
  });
  onTestFinished(() => db.dispose());
  using plain = recordFlights(db);
  using flights = recordFlights(db, { params: true, setup: true });
  await db.sql`select ${7}`;
  expect(flights).toEqual([[{ text: "set up" }, { text: "select ?", params: [7] }]]);
  expect(plain).toEqual([["select ?"]]);
  expect(() => recordFlights(db, { values: true } as object)).toThrow("values");
});

test("in a test that is rolled back, it is what would be sent without", async () => {
  const { db } = await openShop!();
  await rolledBack(db, async () => {
    using flights = recordFlights(db);
    await db.session((session) => session.sql`select 1`);
    expect(flights).toEqual([["begin", "select 1"], ["commit"]]);
  });
});

test("a fake adapter answers what it is told, and fails as databases do", async () => {
  const lost = new DbError("CONNECTION_LOST", "gone", { adapter: "fake" }, { outcome: "unknown" });
  let isLosing = false;
  const adapter = fakeAdapter({
    answer: ({ kind, text, params }) => {
      if (isLosing && kind === "commit") throw lost;
      if (text.startsWith("select id")) return [{ id: 1, name: "Ada" }];
      if (text.startsWith("insert")) return { rowsAffected: 1, lastInsertRowid: (params as number[])[0] };
      if (text === "broken") throw new Error("on purpose");
      return undefined;
    },
  });
  const db = createDatabase("fake:db", { adapters: [adapter], context: asyncLocal(AsyncLocalStorage) });
  expect(await db.sql`select id, name from item`).toEqual([{ id: 1, name: "Ada" }]);
  expect(await db.query("insert into item values (?)", [7])).toMatchObject({ rowsAffected: 1, lastInsertRowid: 7 });
  await expect(db.query("broken")).rejects.toMatchObject({ code: "QUERY_FAILED", details: { sql: "broken" } });
  const streamed: unknown[] = [];
  for await (const row of db.autocommit.stream("select id")) streamed.push(row);
  expect(streamed).toEqual([{ id: 1, name: "Ada" }]);
  isLosing = true;
  const committing = db.session((session) => session.sql`insert into item values (${1})`.run());
  await expect(committing).rejects.toSatisfy((error) => isDbError(error, "COMMIT_UNKNOWN"));
  expect(adapter.flights.slice(-2)).toEqual([["begin", "insert into item values (?)"], ["commit"]]);
  expect(adapter.openConnections).toBe(0);
  await db.dispose();
});

test("a fake adapter's streams fail as its statements do, and leave what it answers as it is", async () => {
  const rows = [[1], [2], [3]];
  const lost = new DbError("CONNECTION_LOST", "gone", { adapter: "fake" }, { outcome: "unknown" });
  const adapter = fakeAdapter({
    answer: ({ text }) => {
      if (text === "broken") throw new Error("on purpose");
      if (text === "lost") throw lost;
      return text === "hangs" ? new Promise(() => undefined) : { columns: ["n"], rows };
    },
  });
  const db = createDatabase("fake:db", { adapters: [adapter] });
  const read = async (text: string, signal?: AbortSignal): Promise<unknown[]> => {
    const streamed: unknown[] = [];
    for await (const { n } of db.autocommit.stream(text, { batchSize: 2, signal })) streamed.push(n);
    return streamed;
  };
  expect([await read("select n"), await read("select n")]).toEqual([
    [1, 2, 3],
    [1, 2, 3],
  ]);
  await expect(read("broken")).rejects.toMatchObject({ code: "QUERY_FAILED", details: { sql: "broken" } });
  expect(adapter.openConnections).toBe(1);
  await expect(read("lost")).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  expect(adapter.openConnections).toBe(0);
  await expect(read("hangs", AbortSignal.timeout(20))).rejects.toMatchObject({ name: "TimeoutError" });
  expect(adapter.openConnections).toBe(0);
  await db.dispose();
});

test("a fake clock brings a deadline, and a fake open that fails is the application's error", async () => {
  const clock = fakeClock();
  const adapter = fakeAdapter({ answer: ({ text }) => (text === "hangs" ? new Promise(() => undefined) : undefined) });
  const db: Database = createDatabase("fake:db", { adapters: [adapter], runtime: clock.runtime() });
  const waiting = db.session((session) => session.query("hangs"), { timeoutMs: 5_000 });
  const told = expect(waiting).rejects.toMatchObject({ code: "QUERY_TIMEOUT" });
  await clock.advance(10_000);
  await told;
  await db.dispose();
  const closed = fakeAdapter({
    open: () => {
      throw new Error("refused");
    },
  });
  const other = createDatabase("fake:db", { adapters: [closed], pool: { acquireTimeoutMs: 50 } });
  await expect(other.autocommit.query("select 1")).rejects.toMatchObject({ code: /CONNECT_FAILED|POOL_TIMEOUT/ });
  await other.dispose();
});
