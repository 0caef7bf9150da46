// Promise: in a Durable Object, a session is a transaction of its storage, and one that hangs or dies harms nobody but itself.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { bundleWorker } from "./bundle.ts";
import { startWorkerd, type Workerd } from "./workerd.ts";

/** Of forty transactions each: `OBJECT_HISTORIES=1000` plays more. */
const HISTORIES = Number(process.env["OBJECT_HISTORIES"] ?? 10);
const PATIENCE = { timeout: 20_000, interval: 50 };

let script: string | undefined;
let workerd: Workerd | undefined;
let objectsIn: string;

async function start(): Promise<void> {
  script ??= (await bundleWorker(join(import.meta.dirname, "workers/objects.ts"))).code;
  workerd = await startWorkerd({ script, durableObjects: ["Books"], hasSql: true, objectsIn });
}

async function stop(): Promise<void> {
  await workerd?.stop();
  rmSync(objectsIn, { recursive: true, force: true });
}

beforeEach(async () => {
  if (workerd) await stop();
  objectsIn = mkdtempSync(join(tmpdir(), "isopool-objects-"));
  await start();
  await ask("set");
});

afterAll(stop);

interface Answer {
  readonly given?: unknown;
  readonly failed?: string;
  readonly stats?: Readonly<Record<string, unknown>>;
}

async function ask(act: string, n = ""): Promise<Answer> {
  const response = await fetch(`${workerd!.url}/${act}?n=${encodeURIComponent(n)}`);
  const answer = await response.text();
  return response.ok ? (JSON.parse(answer) as Answer) : { failed: answer };
}

/** What is stored, once nothing is lent. */
async function stored(): Promise<unknown> {
  const { given, stats } = await ask("read");
  expect(stats).toMatchObject({ busy: 0, waiting: 0 });
  return given;
}

test("increments of twenty sessions at once: none is lost, none is done twice", async () => {
  const done = await Promise.all(Array.from({ length: 20 }, () => ask("incrementsAtOnce", "10")));
  expect(done.filter(({ failed }) => failed)).toEqual([]);
  expect(await stored()).toBe(200);
});

test("a session that hangs is rolled back in time, and nobody waits for longer", async () => {
  await ask("hang");
  const [increment, read] = await Promise.all([ask("increment"), ask("read")]);
  expect([increment.failed, read.failed]).toEqual([undefined, undefined]);
  expect((await ask("hung")).given).toMatch(/^TRANSACTION_LOST \(QUERY_TIMEOUT\)/);
  expect(await stored()).toBe(1);
});

test.each(["session", "open", "nested", "part"])("a deadline holds while a transaction is open: %s", async (how) => {
  const { given } = await ask("deadline", how);
  expect(given).toEqual([true, how === "open" ? "" : expect.stringMatching(/^QUERY_TIMEOUT/)]);
  expect(await stored()).toBe(1);
});

test("of a process that was killed in a transaction, what was committed before is there, and nothing else", async () => {
  await ask("increment");
  const stalled = ask("stall").catch(() => undefined);
  await expect.poll(() => workerd!.log(), PATIENCE).toContain("stalled");
  workerd!.signal("SIGKILL");
  await stalled;
  await workerd!.stop();
  await start();
  expect(await stored()).toBe(1);
});

test.each(["session", "part"])("of an object that ends in the middle of a %s, nothing of that stays", async (how) => {
  await ask("increment");
  const answers = await Promise.all([ask("increment"), ask("abort", how), ask("increment"), ask("increment")]);
  expect(answers[1].failed).toBeDefined();
  // One whose answer was lost may be done.
  const told = answers.filter(({ failed }) => failed === undefined).length;
  const now = Number(await stored());
  expect(now).toBeGreaterThanOrEqual(1 + told);
  expect(now).toBeLessThanOrEqual(4);
  await ask("increment");
  expect(await stored()).toBe(now + 1);
});

test("what throws leaves nothing, or what its caller has kept", async () => {
  for (const how of ["session", "part"]) {
    expect((await ask("thrown", how)).failed).toBe("RangeError: planted");
    expect(await stored()).toBe(0);
  }
  expect((await ask("thrown", "swallowed")).failed).toBeUndefined();
  expect(await stored()).toBe(1_001);
});

test("an exception that nobody catches ends nobody's transaction", async () => {
  expect((await ask("uncaught")).given).toBe(true);
  expect(await stored()).toBe(2);
});

test("histories of many sessions are serializable", async () => {
  const { given } = await ask("histories", String(HISTORIES));
  expect(given).toMatchObject({ found: [] });
  expect((given as { kept: number }).kept).toBeGreaterThan(HISTORIES * 20);
});

// Were nothing found there either, the histories would prove nothing.
test("without transactions, what they prevent is found", async () => {
  const { given } = await ask("unguarded");
  expect([...new Set(given as string[])]).toEqual(expect.arrayContaining(["undone but stored"]));
});

test("a session that waits for one inside its own transaction is rolled back in time", async () => {
  expect((await ask("inside")).failed).toMatch(/^TRANSACTION_LOST/);
  await expect.poll(stored, PATIENCE).toBe(10);
});

test("foreign keys can be off in a session, and are looked at before its commit", async () => {
  expect((await ask("keysOff")).failed).toBeUndefined();
  expect((await ask("keys")).given).toBe(1);
  expect((await ask("keysLeftBroken")).failed).toMatch(/^QUERY_FAILED foreign-key.*child/);
  expect((await ask("keys")).given).toBe(1);
  expect((await ask("query", "SELECT count(*) FROM child")).given).toEqual([["0"]]);
});

test("a key that is looked at when the transaction ends is refused, and the object is not reset", async () => {
  for (const act of ["orphan", "orphanInSession", "deferred"])
    expect((await ask(act)).failed, act).toMatch(/^QUERY_FAILED foreign-key/);
  expect((await ask("query", "SELECT count(*) FROM child")).given).toEqual([["0"]]);
  expect(workerd!.log()).toBe("");
});

test("what would end the transaction behind everybody's back is refused, and so is what would stay behind", async () => {
  for (const text of [
    "INSERT OR ROLLBACK INTO book VALUES (1)",
    "insert or /* x */ rollback into book values (1)",
    "CREATE TABLE strict (id UNIQUE ON CONFLICT ROLLBACK)",
    "CREATE TRIGGER t BEFORE INSERT ON book BEGIN SELECT RAISE(ROLLBACK, 'no'); END",
    "PRAGMA foreign_keys = OFF",
    "PRAGMA case_sensitive_like = ON",
  ])
    expect((await ask("query", text)).failed, text).toMatch(/^QUERY_FAILED other/);
  expect((await ask("query", "INSERT INTO book SELECT 1 WHERE 'or rollback' = ''")).failed).toBeUndefined();
  expect(workerd!.log()).toBe("");
});

test("integers beyond 2^53 are exact, in the order of the query, or refused with nothing done", async () => {
  const values =
    "(VALUES (1, 9007199254740993), (2, 2), (3, -9223372036854775807), (4, 1e300), (5, 'x'), (6, 9007199254740992.0))";
  const text = `SELECT column1, column2 FROM ${values} ORDER BY column1 DESC; -- end`;
  const answer = await ask("query", text);
  expect(answer.failed).toBeUndefined();
  expect(answer).toMatchObject({
    given: [
      ["6", "9007199254740992"],
      ["5", "x"],
      ["4", "1e+300"],
      ["3", "-9223372036854775807"],
      ["2", "2"],
      ["1", "9007199254740993"],
    ],
  });
  expect((await ask("returning")).failed).toMatch(/^QUERY_FAILED other.*CAST\(column AS TEXT\)/);
  expect((await ask("query", "SELECT count(*) FROM parent")).given).toEqual([["0"]]);
});

test("one that updates instead of inserting tells no row id", async () => {
  expect(await ask("upsert")).toMatchObject({ given: [1, "none"] });
});

test("the storage itself is at hand, with its bookmarks", async () => {
  expect((await ask("bookmark")).given).toBe("string");
});
