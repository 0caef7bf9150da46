import { expect, test } from "vitest";
import { shared } from "../../src/index.ts";
import { FakeClock, settle } from "../kit/fake-clock.ts";
import { deferred, fakeDatabase } from "../kit/fake-database.ts";
import { storingDatabase } from "../kit/storing-database.ts";

const boom = new Error("boom");
const gone = new Error("the client has gone");

test.each([
  ["nested parts", true],
  ["transactions of a plain session", false],
] as const)(
  "%s that wait for their turn end with their own deadline and signal, and never begin",
  async (_what, transaction) => {
    const clock = new FakeClock();
    const gate = deferred();
    const { db, stored } = storingDatabase({}, { runtime: { ...shared(), clock } });
    const controller = new AbortController();
    const begun: string[] = [];
    const nested = { propagation: "nested" } as const;
    const work = db.session(
      async (s) => {
        const first = s.transaction(async (tx) => {
          await tx.query("first");
          await gate.promise;
        }, nested);
        await settle();
        const late = s.transaction(() => begun.push("late"), { ...nested, timeoutMs: 20 });
        const aborted = s.transaction(() => begun.push("aborted"), { ...nested, signal: controller.signal });
        const behind = s.transaction((tx) => tx.query("behind"), nested);
        const ended = expect(
          Promise.all([late.catch((error: unknown) => error), aborted.catch((error: unknown) => error)]),
        );
        const checked = ended.resolves.toMatchObject([{ code: "QUERY_TIMEOUT", outcome: "not-executed" }, gone]);
        controller.abort(gone);
        await clock.advance(20);
        await checked;
        gate.resolve();
        await Promise.all([first, behind]);
      },
      { transaction },
    );
    await work;
    expect(begun).toEqual([]);
    expect(stored).toEqual(["first", "behind"]);
    expect(clock.timers).toBe(0);
  },
);

test("a transaction that fails with nothing sent does not wait for a slow statement beside it, nor closes its connection", async () => {
  const clock = new FakeClock();
  const gate = deferred();
  const { db, adapter, stored } = storingDatabase(
    { script: async (text) => void (text === "slow" && (await gate.promise)) },
    { runtime: { ...shared(), clock } },
  );
  await db.session(
    async (s) => {
      const slow = s.query("slow");
      await settle();
      await expect(s.transaction(() => Promise.reject(boom))).rejects.toBe(boom);
      await clock.advance(60_000);
      gate.resolve();
      await slow;
    },
    { transaction: false },
  );
  expect(stored).toEqual(["slow"]);
  expect(adapter.flights).toEqual(["1: slow"]);
});

test("of two parts of which the first waits for the second, that hears of the deadlock when its turn does not come", async () => {
  const clock = new FakeClock();
  const { db } = storingDatabase({}, { runtime: { ...shared(), clock }, pool: { acquireTimeoutMs: 1_000 } });
  const nested = { propagation: "nested" } as const;
  const work = db.session(async (s) => {
    const second = deferred();
    const first = s.transaction(() => second.promise, nested);
    const other = s.transaction((tx) => tx.query("never"), nested);
    await expect(other.finally(second.resolve)).rejects.toMatchObject({
      code: "POOL_DEADLOCK",
      outcome: "not-executed",
    });
    await first;
  });
  await clock.advance(1_000);
  await work;
  expect(clock.timers).toBe(0);
});

test("commit() waits for the parts that were asked for before it, and what is asked behind it is not committed with them", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    await s.query("one");
    const gate = deferred();
    const part = s.transaction(
      async (tx) => {
        await gate.promise;
        await tx.query("two");
      },
      { propagation: "nested" },
    );
    const committed = s.commit();
    const behind = s.query("three");
    await settle();
    expect(adapter.flights).toEqual(["1: begin | one"]);
    gate.resolve();
    await Promise.all([part, committed, behind]);
  });
  expect(adapter.flights).toEqual([
    ...["1: begin | one", "1: savepoint isopool_1 | two", "1: release isopool_1 | commit"],
    ...["1: begin | three", "1: commit"],
  ]);
});

test("a statement of a transaction leaves ahead of those that wait for its end, and takes none of them along", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(
    async (s) => {
      const gate = deferred();
      const asked: Promise<unknown>[] = [];
      const part = s.transaction(async (tx) => {
        await tx.query("one");
        await gate.promise;
        asked.push(tx.query("three"));
        await asked.at(-1);
      });
      await settle();
      asked.push(s.query("two"));
      gate.resolve();
      await Promise.resolve();
      asked.push(s.query("four"), s.query("five"));
      await Promise.all([part, ...asked]);
    },
    { transaction: false },
  );
  expect(adapter.flights).toEqual(["1: begin | one", "1: three", "1: commit", "1: two | four | five"]);
});
