// Promise: on D1, a transaction is serializable, and costs a request for each of its reads and one for its writes.

import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleWorker } from "./bundle.ts";
import { startMiniflare } from "./miniflare.ts";

/** Each test has databases of its own. */
const DATABASES = 40;
/** Small histories, many of them meeting: `D1_HISTORIES=100000` runs more. */
const HISTORIES = Number(process.env["D1_HISTORIES"] ?? 100);

let worker: Awaited<ReturnType<typeof startMiniflare>>;
let used = 0;

beforeAll(async () => {
  const { code: script } = await bundleWorker(join(import.meta.dirname, "workers/d1.ts"));
  const databases = ["SESSION", "TRY0", "TRY1", "TRY2", ...Array.from({ length: DATABASES }, (_, at) => `DB${at}`)];
  worker = await startMiniflare({ script, databases, compatibilityFlags: ["nodejs_als"] });
});

afterAll(async () => {
  await worker.stop();
  expect(worker.log()).toBe("");
});

interface Answer {
  readonly given?: unknown;
  readonly requests?: number;
  readonly failed?: string;
}

type Ask = (act: string, n?: unknown) => Promise<Answer>;

function database(name = `DB${used++}`): Ask {
  return async (act, n = "") => {
    const text = typeof n === "string" ? n : JSON.stringify(n);
    const response = await fetch(`${worker.url}/${act}?db=${name}&n=${encodeURIComponent(text)}`);
    const answer = await response.text();
    return response.ok ? (JSON.parse(answer) as Answer) : { failed: answer };
  };
}

async function filled(name?: string): Promise<Ask> {
  const ask = database(name);
  expect((await ask("set")).failed).toBeUndefined();
  return ask;
}

test.each([
  ["readThenWrite", 2],
  ["writes", 1],
  ["twoReads", 2],
  ["readsAtOnce", 1],
  ["readsOutside", 1],
  ["nothing", 0],
  ["rolledBack", 0],
  ["batch", 1],
  ["lone", 1],
])("%s: %i requests", async (act, requests) => {
  const ask = await filled();
  expect(await ask(act)).toMatchObject({ requests, busy: 0, waiting: 0 });
});

test("a thousand increments of twenty sessions at once: none is lost, none is done twice", async () => {
  const ask = await filled();
  const done = await Promise.all(Array.from({ length: 20 }, () => ask("increments", 50)));
  expect(done.filter(({ failed }) => failed)).toEqual([]);
  expect((await ask("query", "SELECT n FROM counter")).given).toEqual([{ n: 1_000 }]);
});

const SERIALIZATION = "QUERY_FAILED:serialization not-executed";

test.each([
  ["a row that was read", "SELECT n FROM counter", "UPDATE counter SET n = 5", SERIALIZATION],
  [
    "a row that was not there",
    "SELECT * FROM apart WHERE note = 'x'",
    "INSERT INTO apart (note) VALUES ('x')",
    SERIALIZATION,
  ],
  ["a sum", "SELECT sum(n) AS n FROM counter", "INSERT INTO counter VALUES (2, 7)", SERIALIZATION],
  ["what a trigger did", "SELECT n FROM audits", "INSERT INTO log (note) VALUES (1)", SERIALIZATION],
  ["something else", "SELECT n FROM counter", "INSERT INTO apart (note) VALUES ('x')", "done"],
  ["something equal", "SELECT n FROM counter", "UPDATE counter SET n = n", "done"],
  ["something else, beside an infinity", "SELECT 9e999 AS n, -9e999 AS m", "UPDATE counter SET n = 5", "done"],
])("%s, and then it was written: %s", async (_, read, other, came) => {
  const ask = await filled();
  const { given } = await ask("race", [read, other, "UPDATE apart SET note = 1"]);
  expect(given).toBe(came);
});

test("nothing of an answer is lost", async () => {
  const ask = await filled();
  expect(await ask("lossless")).toMatchObject({
    given: [
      [["x", "y", "x", "x"], [["a", "b", "c", "d"]]],
      [["b", "2", "1"], [["b", "two", "one"]]],
      [["id", "n"], []],
      [["n", "r", "bytes", "two"], [["9007199254740993", "1.5", "0,255", "2"]]],
    ],
  });
});

test("a session never sees two moments, even if it writes nothing", async () => {
  const ask = await filled();
  expect((await ask("torn")).given).toBe(SERIALIZATION);
});

test("what was read is compared to the last bit", async () => {
  const ask = await filled();
  for (const seed of [1, 2]) expect(await ask("values", seed)).toMatchObject({ given: [] });
});

const REFUSED = "TRANSACTION_UNSUPPORTED not-executed";

test("a query behind a write is answered where the write cannot have changed it", async () => {
  const ask = await filled();
  const reads = [
    "SELECT count(*) AS n FROM apart",
    "SELECT 1 AS n",
    "SELECT count(*) AS n FROM log",
    "SELECT count(*) AS n FROM `Log`",
    "SELECT count(*) AS n FROM [log]",
    "SELECT count(*) AS n FROM audit",
    "SELECT n FROM audits",
    "SELECT seq FROM sqlite_sequence",
    "SELECT last_insert_rowid() AS n",
  ];
  const { given } = await ask("reach", ["INSERT INTO log (note) VALUES (1)", ...reads]);
  expect(given).toEqual([[{ n: 0 }], [{ n: 1 }], ...reads.slice(2).map(() => REFUSED)]);
  // What goes along with a key.
  const cascade = await ask("reach", [
    "DELETE FROM counter",
    "SELECT count(*) AS n FROM log",
    "SELECT count(*) AS n FROM apart",
  ]);
  expect(cascade.given).toEqual([REFUSED, [{ n: 0 }]]);
  const schema = await ask("reach", ["CREATE TABLE other (id)", "SELECT count(*) AS n FROM apart"]);
  expect(schema.given).toEqual([REFUSED]);
  const returning = await ask("reach", ["UPDATE counter SET n = 1 RETURNING n", "SELECT 1"]);
  expect(returning.given).toEqual([REFUSED]);
});

test("writes that are tried tell their counts and failures at once, at a request each", async () => {
  const ask = await filled("TRY0");
  expect(await ask("tried")).toMatchObject({ given: [2, 2, 1, 0, "QUERY_FAILED:unique not-executed"], requests: 5 });
  const { given } = await ask("query", "SELECT id, note FROM apart");
  expect(given).toEqual([
    { id: 1, note: "a" },
    { id: 2, note: "c" },
  ]);
});

test("one that updates instead of inserting tells no row id, and is not refused for that of others", async () => {
  const ask = await filled("TRY2");
  expect((await ask("upsert")).given).toEqual([7, [1, "none"], [1, "none"], "done"]);
});

test("what a write was told when it was tried holds at COMMIT, or there is none", async () => {
  const ask = await filled("TRY1");
  expect((await ask("triedRace")).given).toBe(SERIALIZATION);
  expect((await ask("query", "SELECT id, note FROM apart")).given).toEqual([{ id: 1, note: "theirs" }]);
});

test("rows that others changed along with it are not counted", async () => {
  const ask = await filled();
  expect((await ask("cascade")).given).toBe(1);
});

test("histories of many sessions are serializable", async () => {
  const asks = Array.from({ length: 8 }, () => database());
  const count = Math.ceil(HISTORIES / asks.length / 10);
  const options = { transactions: 12, clients: 4, count: 10 };
  let kept = 0;
  await Promise.all(
    asks.map(async (ask, at) => {
      for (let turn = 0; turn < count; turn++) {
        const answer = await ask("histories", { ...options, from: (turn * asks.length + at) * options.count });
        expect(answer).toMatchObject({ given: { found: [] } });
        kept += (answer.given as { kept: number }).kept;
      }
    }),
  );
  expect(kept).toBeGreaterThan(HISTORIES * 2);
}, 86_400_000);

// Were nothing found there either, the histories would prove nothing.
test("without transactions, what they prevent is found", async () => {
  const { given } = await database()("unguarded");
  expect([...new Set(given as string[])]).toEqual(expect.arrayContaining(["undone but stored", "G1a", "G-single"]));
});

test("D1's own session goes on where a transaction has written", async () => {
  expect((await database()("bookmark")).given).toEqual([[{ n: 1 }], "string", 0]);
});
