// A leader that gives no sign of life is replaced, and when it wakes up it can write nothing any more.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Browser, type BrowserTab } from "./browser.ts";
import type { Database } from "../../../../src/index.ts";

const TIMEOUT_MS = 3_000;

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] }));
afterEach(() => void vi.useRealTimers());

interface Stage {
  readonly browser: Browser;
  readonly tabs: BrowserTab[];
  readonly databases: [Database, Database, Database];
  rows(db: Database): Promise<unknown[]>;
}

async function begin(): Promise<Stage> {
  const browser = new Browser();
  browser.advance = (ms) => void vi.advanceTimersByTime(ms);
  const tabs = [1, 2, 3].map(() => browser.tab(TIMEOUT_MS));
  const databases = tabs.map((tab) => tab.database()) as [Database, Database, Database];
  await browser.run(databases[0].autocommit.query("CREATE TABLE t (x)"));
  for (const db of databases) await browser.run(db.autocommit.query("SELECT 1"));
  const rows = async (db: Database): Promise<unknown[]> =>
    (await browser.run(db.autocommit.query("SELECT x FROM t ORDER BY x"))).rows.map(({ x }) => x);
  return { browser, tabs, databases, rows };
}

async function end({ browser, databases, tabs }: Stage): Promise<void> {
  for (const tab of tabs) tab.isFrozen = false;
  for (const db of databases) await browser.run(db.dispose());
  expect(await browser.left()).toEqual([]);
}

test("while it is frozen, the others go on; when it wakes up, it follows and sees what they did", async () => {
  const stage = await begin();
  const { browser, tabs, databases, rows } = stage;
  const [leader, second, third] = databases;
  tabs[0]!.isFrozen = true;
  const start = Date.now();
  const asked = [second, third].map((db, x) => db.autocommit.query("INSERT INTO t VALUES (?)", [x]));
  await browser.run(Promise.all(asked));
  const tookMs = Date.now() - start;
  expect(tookMs).toBeGreaterThanOrEqual(TIMEOUT_MS * 0.8);
  expect(tookMs).toBeLessThanOrEqual(TIMEOUT_MS);
  tabs[0]!.isFrozen = false;
  expect(await rows(leader)).toEqual([0, 1]);
  const roles = [leader, second, third].map((db) => db.stats().role);
  expect(roles.filter((role) => role === "follower")).toHaveLength(2);
  expect(roles[0]).toBe("follower");
  await end(stage);
});

test("its own transaction, begun before it was frozen, is lost and never in the storage", async () => {
  const stage = await begin();
  const { browser, tabs, databases, rows } = stage;
  const [leader, second] = databases;
  const session = leader.open();
  await browser.run(session.query("INSERT INTO t VALUES ('lost')"));
  tabs[0]!.isFrozen = true;
  await browser.run(second.autocommit.query("INSERT INTO t VALUES ('kept')"));
  // It goes on before it has heard anything.
  tabs[0]!.isFrozen = false;
  await expect(browser.run(session.commit())).rejects.toMatchObject({
    code: "CONNECTION_LOST",
    outcome: "not-executed",
  });
  await browser.run(session.close("rollback").catch(() => undefined));
  expect(await rows(second)).toEqual(["kept"]);
  expect(await rows(leader)).toEqual(["kept"]);
  await end(stage);
});

test("a request that it had accepted is unknown, and one that it had not is done once", async () => {
  const stage = await begin();
  const { browser, tabs, databases, rows } = stage;
  const [, second, third] = databases;
  // Right behind the sign that it has accepted: before it has done anything, and before it says more.
  browser.onStep = (_, by) => {
    if (by === tabs[0]) by.isFrozen = true;
  };
  const accepted = second.session((session) => session.query("INSERT INTO t VALUES (1)"));
  const waiting = third.autocommit.query("INSERT INTO t VALUES (2)");
  const outcome = await browser.run(
    accepted.then(
      () => "done",
      (error: { outcome: string }) => error.outcome,
    ),
  );
  await browser.run(waiting);
  browser.onStep = undefined;
  tabs[0]!.isFrozen = false;
  const found = await rows(third);
  expect(found.filter((x) => x === 2)).toEqual([2]);
  expect(found.filter((x) => x === 1)).toHaveLength(outcome === "done" ? 1 : 0);
  await end(stage);
});

test("a leader that only works for long is not replaced while it gives signs of life", async () => {
  const stage = await begin();
  const { browser, databases } = stage;
  const [leader, second, third] = databases;
  const session = second.open();
  await browser.run(session.query("INSERT INTO t VALUES (1)"));
  // Waits for the other's transaction, for longer than a leader may be silent. (After five seconds it would be refused.)
  const waiting = third.autocommit.query("INSERT INTO t VALUES (2)");
  await browser.run(new Promise((resolve) => setTimeout(resolve, TIMEOUT_MS * 1.5)));
  await browser.run(session.commit());
  await browser.run(waiting);
  expect(leader.stats().role).toBe("leader");
  await browser.run(session.close());
  await end(stage);
});
