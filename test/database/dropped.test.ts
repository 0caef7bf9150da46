// Issue 9, P6: a database that is dropped without dispose() is collected, and its pool with it.

import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { processorMs } from "../kit/processor-time.ts";
import {
  asyncLocal,
  closeAllInstances,
  createDatabase,
  type DatabaseOptions,
  pools,
  setFolder,
  shared,
} from "../../src/index.ts";
import { collectUntil } from "../kit/collect.ts";
import { FakeAdapter } from "../kit/fake-adapter.ts";
import { FakeClock } from "../kit/fake-clock.ts";

let tests = 0;
let KEY = "";

beforeEach(() => {
  KEY = `fake:dropped-test-${++tests}`;
});

afterEach(() => void vi.unstubAllGlobals());

const mine = (): string[] => [...pools().keys()].filter((key) => key.startsWith(KEY));

/** Makes a database, uses it, and drops it. */
async function dropped(
  adapter: FakeAdapter,
  options: Partial<DatabaseOptions> = {},
): Promise<{ readonly isCollected: () => boolean }> {
  const db = createDatabase("fake:db", { adapters: [adapter.factory], ...options });
  await db.session((session) => session.query("one"));
  await db.autocommit.query("two");
  const ref = new WeakRef(db);
  return { isCollected: () => ref.deref() === undefined };
}

test("a used database that is dropped is collected while its pool goes on for others", async () => {
  const adapter = new FakeAdapter({ key: KEY });
  const context = asyncLocal(AsyncLocalStorage);
  const db = createDatabase("fake:db", { adapters: [adapter.factory], context });
  await db.autocommit.query("one");
  const drops: { readonly isCollected: () => boolean }[] = [];
  for (let time = 0; time < 20; time++) drops.push(await dropped(adapter, { context, onEvent: () => undefined }));
  expect(mine()).toEqual([KEY]);
  expect(await collectUntil(() => drops.every(({ isCollected }) => isCollected()))).toBe(true);
  await db.autocommit.query("two");
  expect(adapter.openConnections).toBe(1);
  await db.dispose();
  expect([adapter.openConnections, adapter.disposals, mine()]).toEqual([0, 1, []]);
});

test("the pool of one that is dropped goes with it, when its connections have been idle", async () => {
  const adapter = new FakeAdapter({ key: KEY });
  const clock = new FakeClock();
  const { isCollected } = await dropped(adapter, { runtime: { ...shared(), clock }, pool: { idleMs: 1_000 } });
  expect(await collectUntil(isCollected)).toBe(true);
  // Until then its timer has it, and another database finds it.
  expect(mine()).toEqual([KEY]);
  await clock.advance(1_000);
  expect(adapter.openConnections).toBe(0);
  expect(await collectUntil(() => adapter.disposals === 1)).toBe(true);
  expect(mine()).toEqual([]);
});

test("hooks that mean their own database keep nothing alive", async () => {
  const adapter = new FakeAdapter({ key: KEY });
  const clock = new FakeClock();
  const drop = async (): Promise<WeakRef<object>> => {
    const db = createDatabase("fake:db", {
      adapters: [adapter.factory],
      runtime: { ...shared(), clock },
      context: asyncLocal(AsyncLocalStorage),
      afterConnection: async () => void (await db.query("hook")),
      onEvent: () => void db.stats(),
    });
    await db.query("one");
    return new WeakRef(db);
  };
  const ref = await drop();
  await clock.advance(60_000);
  expect(await collectUntil(() => ref.deref() === undefined && adapter.disposals === 1)).toBe(true);
  expect(mine()).toEqual([]);
});

test("a key is as new when all that had it were collected", async () => {
  const drop = (): Promise<unknown> =>
    dropped(new FakeAdapter({ key: KEY }), { pool: { maxIdle: 0 }, afterConnection: () => undefined });
  await Promise.all([drop(), drop(), drop()]);
  expect(mine()).toEqual([KEY, `${KEY}#2`, `${KEY}#3`]);
  expect(await collectUntil(() => mine().length === 0)).toBe(true);
  // What is collected is taken out a little later.
  await new Promise((resolve) => setTimeout(resolve, 20));
  await drop();
  expect(mine()).toEqual([KEY]);
  expect(await collectUntil(() => mine().length === 0)).toBe(true);
});

test("a session that is still open keeps its database", async () => {
  const adapter = new FakeAdapter({ key: KEY });
  const open = () => createDatabase("fake:db", { adapters: [adapter.factory] }).open();
  const session = open();
  await session.query("one");
  expect(await collectUntil(() => adapter.disposals > 0)).toBe(false);
  await session.query("two");
  await session.close();
  expect(adapter.log).toEqual(["open 1", "1: begin | one", "1: two", "1: commit"]);
});

test("where there are no weak references, databases are kept until they are disposed", async () => {
  vi.stubGlobal("WeakRef", undefined);
  const adapter = new FakeAdapter({ key: KEY });
  const db = createDatabase("fake:db", { adapters: [adapter.factory] });
  const other = createDatabase("fake:db", { adapters: [adapter.factory] });
  await db.autocommit.query("one");
  await other.autocommit.query("one");
  await db.dispose();
  expect(mine()).toEqual([KEY]);
  await other.dispose();
  expect([mine(), adapter.openConnections, adapter.disposals]).toEqual([[], 0, 1]);
});

test("one among ten thousand costs the same as one among ten", async () => {
  const { factory } = new FakeAdapter({ key: KEY });
  const kept: unknown[] = [];
  const add = async (count: number): Promise<number> => {
    const startedAt = processorMs();
    for (let made = 0; made < count; made++) {
      const db = createDatabase("fake:db", { adapters: [factory], afterConnection: () => undefined });
      kept.push(db);
      await db.autocommit.query("one");
    }
    return (processorMs() - startedAt) / count;
  };
  await add(1_000);
  const first = await add(1_000);
  await add(7_000);
  const last = await add(1_000);
  expect(mine().length).toBe(10_000);
  // To look through all of them took 20 times as long.
  expect(last / first).toBeLessThan(4);
  expect(kept).toHaveLength(10_000);
  const startedAt = processorMs();
  for (let time = 0; time < 1_000; time++) {
    setFolder("");
    await closeAllInstances();
  }
  expect((processorMs() - startedAt) / 1_000).toBeLessThan(0.1);
  await Promise.all(kept.map((db) => (db as AsyncDisposable)[Symbol.asyncDispose]()));
  expect(mine()).toEqual([]);
});

test("an event is told to those who listen, and costs no time for those who do not", async () => {
  const adapter = new FakeAdapter({ key: KEY });
  const kept: unknown[] = [];
  const use = async (): Promise<number> => {
    const db = createDatabase("fake:db", { adapters: [adapter.factory] });
    kept.push(db);
    const startedAt = processorMs();
    for (let time = 0; time < 200; time++) await db.autocommit.query("one");
    return processorMs() - startedAt;
  };
  // The least of several: a collection, or what else the machine does, takes longer than one.
  const leastOfFive = async (): Promise<number> => {
    let least = Infinity;
    for (let time = 0; time < 5; time++) least = Math.min(least, await use());
    return least;
  };
  await use();
  const alone = await leastOfFive();
  for (let made = 0; made < 10_000; made++) {
    const db = createDatabase("fake:db", { adapters: [adapter.factory] });
    kept.push(db);
    await db.autocommit.query("one");
  }
  const among = await leastOfFive();
  expect(mine()).toEqual([KEY]);
  expect(among / alone).toBeLessThan(5);
  await Promise.all(kept.map((db) => (db as AsyncDisposable)[Symbol.asyncDispose]()));
  expect([mine(), adapter.openConnections, adapter.disposals]).toEqual([[], 0, 1]);
});
