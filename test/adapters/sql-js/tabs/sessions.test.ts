// Several tabs, one database: sessions of all of them run where it is open.

import { afterEach, expect, test } from "vitest";
import type { TabsDatabase } from "../../../../src/adapters/sql-js/tabs/index.ts";
import type { Database, DatabaseEvent } from "../../../../src/index.ts";
import { Browser, type BrowserTab } from "./browser.ts";

let browser = new Browser();
const open: [BrowserTab, Database][] = [];

afterEach(async () => {
  const [...all] = open.splice(0);
  for (const [tab, db] of all) if (!tab.isDead) await browser.run(db.dispose());
  expect(await browser.left()).toEqual([]);
  browser = new Browser();
});

function make(tab: BrowserTab = browser.tab()): Database {
  const db = tab.database();
  open.push([tab, db]);
  return db;
}

function query(db: Database, sql: string): Promise<unknown[]> {
  return browser.run(db.autocommit.query(sql).then(({ rows }) => rows.map((row) => Object.values(row)[0])));
}

function kill(db: Database): void {
  browser.kill(open.find(([, each]) => each === db)![0]);
}

test("the first tab leads, the others see what it has committed, and it sees what they have", async () => {
  const [first, second, third] = [make(), make(), make()];
  await query(first, "CREATE TABLE t (x)");
  await query(second, "INSERT INTO t VALUES (2)");
  await query(third, "INSERT INTO t VALUES (3)");
  for (const db of [first, second, third]) expect(await query(db, "SELECT x FROM t")).toEqual([2, 3]);
  expect([first, second, third].map((db) => db.stats().role)).toEqual(["leader", "follower", "follower"]);
});

test("where a browser refuses locks, a tab has the database for itself", async () => {
  const tab = browser.tab();
  tab.isForbidden = true;
  const db = make(tab);
  await query(db, "CREATE TABLE t (x)");
  await query(db, "INSERT INTO t VALUES (1)");
  expect(await query(db, "SELECT x FROM t")).toEqual([1]);
});

test("transactions of several tabs take turns, and one that throws is rolled back", async () => {
  const all = [make(), make(), make()];
  await query(all[0]!, "CREATE TABLE t (x)");
  const add = (db: Database, isGood: boolean): Promise<unknown> =>
    db.session(async (session) => {
      const [row] = (await session.query<{ n: number }>("SELECT count(*) AS n FROM t")).rows;
      await session.query("INSERT INTO t VALUES (?)", [row!.n]);
      if (!isGood) throw new Error("no");
    });
  const done = all.flatMap((db, at) => [add(db, true), add(db, at > 0).catch(() => "thrown"), add(db, true)]);
  await browser.run(Promise.all(done));
  expect(await query(all[1]!, "SELECT x FROM t ORDER BY x")).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test("a tab that dies in a transaction is rolled back, and the next session in line is served", async () => {
  const [leader, dying, waiting] = [make(), make(), make()];
  await query(leader, "CREATE TABLE t (x)");
  const session = dying.open();
  await browser.run(session.query("INSERT INTO t VALUES ('lost')"));
  const next = waiting.autocommit.query("INSERT INTO t VALUES ('kept')");
  kill(dying);
  await browser.run(next);
  expect(await query(leader, "SELECT x FROM t")).toEqual(["kept"]);
});

test("when the leader dies, another tab leads: an idle one goes on unseen, a transaction is lost", async () => {
  const [leader, idle, busy] = [make(), make(), make()];
  await query(leader, "CREATE TABLE t (x)");
  await query(idle, "INSERT INTO t VALUES (1)");
  const session = busy.open();
  await browser.run(session.query("INSERT INTO t VALUES (2)"));
  kill(leader);
  expect(await query(idle, "SELECT x FROM t")).toEqual([1]);
  await expect(browser.run(session.query("INSERT INTO t VALUES (3)"))).rejects.toMatchObject({
    code: "CONNECTION_LOST",
    outcome: "not-executed",
  });
  await expect(browser.run(session.query("SELECT 1"))).rejects.toMatchObject({ code: "TRANSACTION_LOST" });
  await browser.run(session.close("rollback"));
  expect(await query(busy, "SELECT x FROM t")).toEqual([1]);
  expect(new Set([idle, busy].map((db) => db.stats().role))).toEqual(new Set(["follower", "leader"]));
});

test("a leader that is disposed hands over", async () => {
  const [leader, other] = [make(), make()];
  await query(leader, "CREATE TABLE t AS SELECT 1 AS x");
  await query(other, "SELECT x FROM t");
  const asked = Array.from({ length: 5 }, (_, x) => other.autocommit.query("INSERT INTO t VALUES (?)", [x + 2]));
  const leaving = leader.dispose();
  await browser.run(Promise.all([...asked, leaving]));
  expect(await query(other, "SELECT x FROM t ORDER BY x")).toEqual([1, 2, 3, 4, 5, 6]);
  expect(other.stats().role).toBe("leader");
});

test("a commit in one tab is an event in all, also for one that is idle while the leader changes", async () => {
  const all = [make(), make(), make()];
  const heard: string[][] = [[], [], []];
  const note = (at: number) => (event: DatabaseEvent) =>
    void (event.type === "change" && heard[at]!.push(event.isOwn ? "own" : "other"));
  for (const [at, db] of all.entries()) db.subscribe(note(at));
  await query(all[0]!, "CREATE TABLE t (x)");
  for (const db of all) await query(db, "SELECT x FROM t");
  for (const each of heard) each.length = 0;
  await query(all[1]!, "INSERT INTO t VALUES (1)");
  await query(all[2]!, "SELECT x FROM t");
  expect(heard).toEqual([["other"], ["own"], ["other"]]);
  // A read is none, nor is what was rolled back.
  await browser.run(
    all[2]!
      .session(async (session) => {
        await session.query("DELETE FROM t");
        throw new Error("no");
      })
      .catch(() => undefined),
  );
  expect(heard).toEqual([["other"], ["own"], ["other"]]);
  kill(all[0]!);
  await query(all[1]!, "SELECT x FROM t");
  await query(all[2]!, "SELECT x FROM t");
  // It may have missed some.
  expect(heard).toEqual([["other"], ["own", "other"], ["other", "other"]]);
  await query(all[1]!, "INSERT INTO t VALUES (2)");
  await query(all[2]!, "SELECT x FROM t");
  expect(heard).toEqual([["other"], ["own", "other", "own"], ["other", "other", "other"]]);
});

test("roles are events", async () => {
  const [leader, other] = [make(), make()];
  const roles: unknown[] = [];
  for (const db of [leader, other]) db.subscribe((event) => event.type === "role" && roles.push(event.role));
  await query(leader, "SELECT 1");
  await query(other, "SELECT 1");
  kill(leader);
  await query(other, "SELECT 1");
  expect(roles).toEqual(["leader", "follower", "leader"]);
});

test("settings of a connection are made again at the next leader", async () => {
  const leader = make();
  const tab = browser.tab();
  const other = tab.database({ setup: ["PRAGMA cache_size = 77"] });
  open.push([tab, other]);
  await query(leader, "SELECT 1");
  expect(await query(other, "PRAGMA cache_size")).toEqual([77]);
  kill(leader);
  expect(await query(other, "PRAGMA cache_size")).toEqual([77]);
});

test("a stream that is half read fails when its leader dies, and one that has not begun goes on", async () => {
  const [leader, other] = [make(), make()];
  await query(
    leader,
    "CREATE TABLE t AS WITH n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 9) SELECT x FROM n",
  );
  const rows = other.autocommit.stream("SELECT x FROM t ORDER BY x", { batchSize: 2 })[Symbol.asyncIterator]();
  expect((await browser.run(rows.next())).value).toEqual({ x: 1 });
  kill(leader);
  const rest = async (): Promise<void> => {
    while (!(await rows.next()).done);
  };
  await expect(browser.run(rest())).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  expect(await query(other, "SELECT count(*) FROM t")).toEqual([9]);
});

test("the image is to be had in every tab", async () => {
  const [leader, other] = [make(), make()];
  await query(leader, "CREATE TABLE t (x)");
  const sizes = [];
  for (const db of [leader, other]) {
    const image = db.session(async (session) => {
      const { raw } = await session.getConnection();
      return (raw as TabsDatabase).export();
    });
    sizes.push((await browser.run(image)).length);
  }
  expect(sizes).toEqual([8_192, 8_192]);
});
