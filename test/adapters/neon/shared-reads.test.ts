// Lone reads of one turn leave in one request over HTTP: the server proves that they only read. Each has an answer of its own.

import { expect, test } from "vitest";
import { insert, openShop } from "./shop.ts";

test("eight lone reads are one request, each with its own rows", async () => {
  const { db, flights, sent } = await openShop();
  const eight = [1, 2, 3, 4, 5, 6, 7, 8];
  const rows = await Promise.all(eight.map((n) => db.sql`SELECT ${n}::int AS n`));
  expect(rows).toEqual(eight.map((n) => [{ n }]));
  expect(await sent()).toEqual([`http: ${eight.map(() => "SELECT $1::int AS n").join("; ")}`]);
  expect(await flights()).toBe(1);
  expect(db.stats()).toMatchObject({ opened: 1, busy: 0 });
});

test("what fails in company is its own, as if alone, and leaves alone from then on", async () => {
  const { db, sent, flights } = await openShop();
  const bad = "SELECT * FROM nowhere";
  const alone: unknown = await db.query(bad, [], { timeoutMs: 60_000 }).catch((error: unknown) => error);
  const turn = (): Promise<PromiseSettledResult<unknown>[]> =>
    Promise.allSettled([db.query("SELECT 1 AS n"), db.query(bad), db.query("SELECT 2 AS n")]);
  await flights();
  const ended = await turn();
  expect(ended.map((each) => (each.status === "fulfilled" ? each.value : each.reason))).toMatchObject([
    { rows: [{ n: 1 }] },
    JSON.parse(JSON.stringify(alone)),
    { rows: [{ n: 2 }] },
  ]);
  expect((await sent()).sort()).toEqual([
    "http: SELECT * FROM nowhere",
    "http: SELECT 1 AS n",
    `http: SELECT 1 AS n; ${bad}; SELECT 2 AS n`,
    "http: SELECT 2 AS n",
  ]);
  await flights();
  await turn();
  expect((await sent()).sort()).toEqual(["http: SELECT * FROM nowhere", "http: SELECT 1 AS n; SELECT 2 AS n"]);
});

test("what only looks like a read is refused as one by the server, and runs once, alone", async () => {
  const { db, sent, flights, names } = await openShop();
  // A name that is taken for one of PostgreSQL's own.
  await db.query(
    `CREATE FUNCTION to_goods(int) RETURNS int LANGUAGE sql AS 'INSERT INTO goods VALUES ($1, ''tea'') RETURNING number'`,
  );
  await flights();
  const turn = (n: number): Promise<unknown[]> =>
    Promise.all([db.query("SELECT to_goods($1) AS n", [n]), db.query("SELECT 'other' AS name")]);
  expect(await turn(1)).toMatchObject([{ rows: [{ n: 1 }] }, { rows: [{ name: "other" }] }]);
  expect(await sent()).toHaveLength(3);
  await flights();
  expect(await turn(2)).toMatchObject([{ rows: [{ n: 2 }] }, { rows: [{ name: "other" }] }]);
  expect(await sent()).toHaveLength(2);
  expect(await names()).toHaveLength(2);
});

test("writes, locks and functions that are not known leave alone", async () => {
  const { db, sent, flights } = await openShop();
  await db.query("CREATE SEQUENCE numbers");
  await flights();
  const apart = [
    "INSERT INTO goods VALUES (1, 'tea')",
    "SELECT * FROM goods FOR UPDATE",
    "SELECT * FROM goods FOR SHARE",
    "SELECT nextval('numbers')",
    "SELECT pg_sleep(0)",
    'SELECT "lower"(name) FROM goods',
    "SELECT public.lower(name) FROM goods",
    "WITH one AS (INSERT INTO goods VALUES (2, 'salt') RETURNING 1) SELECT * FROM one",
  ];
  await Promise.allSettled(apart.map((text) => db.query(text)));
  expect((await sent()).sort()).toEqual(apart.map((text) => `http: ${text}`).sort());
});

test("the statements of one tick of a plain session leave side by side, its reads in one request", async () => {
  const { db, sent } = await openShop();
  await db.session(
    (session) => Promise.all([session.query("SELECT 1"), session.query(insert(1)), session.query("SELECT 2")]),
    { transaction: false },
  );
  expect((await sent()).sort()).toEqual([`http: ${insert(1).text}`, "http: SELECT 1; SELECT 2"]);
});

test("over a WebSocket, with settings, and with `coalesce: false` each leaves alone", async () => {
  for (const options of [
    { db: { coalesce: false } },
    { db: { defaults: { settings: { "app.tenant": "1" } } } },
    { neon: { transport: "ws" as const } },
  ]) {
    const { db, sent } = await openShop(options);
    await Promise.all([db.query("SELECT 1"), db.query("SELECT 2")]);
    expect((await sent()).filter((each) => each !== "upgrade")).toHaveLength(2);
  }
});
