// FOUND: a statement of the outer session travelled inside a savepoint, or a transaction, in which it was not asked.

import { describe, expect, test } from "vitest";
import { explicit, type Session } from "../../src/index.ts";
import { shared } from "../../src/index.ts";
import { FakeClock } from "../kit/fake-clock.ts";
import { byNow, deferred } from "../kit/fake-database.ts";
import { DIALECTS, storingDatabase } from "../kit/storing-database.ts";
import { memoryDatabase } from "../pydal/sql-js.ts";

const boom = new Error("boom");
const nested = { propagation: "nested" } as const;

const failing =
  (text: string) =>
  async (tx: Session): Promise<void> => {
    await tx.query(text);
    throw boom;
  };

describe.each([
  ["a transaction", true],
  ["a plain session", false],
] as const)("in %s", (_what, transaction) => {
  test.each(DIALECTS)("a statement asked before a part that fails, in the same tick, is kept (%s)", async (dialect) => {
    const { db, stored } = storingDatabase({ dialect });
    await db.session(
      async (s) => {
        const [outer, part] = await Promise.allSettled([s.query("outer"), s.transaction(failing("part"), nested)]);
        expect([outer.status, part.status]).toEqual(["fulfilled", "rejected"]);
      },
      { transaction },
    );
    expect(stored).toEqual(["outer"]);
  });

  test.each(DIALECTS)("one asked behind it waits until it has ended, and is kept (%s)", async (dialect) => {
    const { db, stored } = storingDatabase({ dialect });
    const gate = deferred();
    await db.session(
      async (s) => {
        const part = s.transaction(async (tx) => {
          await tx.query("part");
          await gate.promise;
          throw boom;
        }, nested);
        part.catch(() => undefined);
        await new Promise((resolve) => setImmediate(resolve));
        const outer = s.query("outer");
        expect(await byNow(outer)).toBe("pending");
        gate.resolve();
        await outer;
        await expect(part).rejects.toBe(boom);
      },
      { transaction },
    );
    expect(stored).toEqual(["outer"]);
  });

  test("the same on the real sql.js", async () => {
    const db = await memoryDatabase();
    await db.autocommit.query("create table t (v)");
    await db.session(
      (s) =>
        Promise.allSettled([
          s.query("insert into t values ('outer')"),
          s.transaction(failing("insert into t values ('part')"), nested),
          s.query("insert into t values ('behind')"),
        ]),
      { transaction },
    );
    expect(await db.autocommit.sql`select v from t`.values()).toEqual([["outer"], ["behind"]]);
  });
});

test("a plain statement asked while a transaction beside it is rolled back stays, whatever comes later", async () => {
  const gate = deferred();
  const { db, adapter, stored } = storingDatabase({
    script: async (text) => void (text === "rollback" && (await gate.promise)),
  });
  const work = db.session(
    async (s) => {
      const part = s.transaction(failing("part")).catch(() => undefined);
      while (adapter.flights.at(-1) !== "1: rollback") await new Promise((resolve) => setImmediate(resolve));
      const plain = s.query("plain");
      gate.resolve();
      await plain;
      await part;
      await s.query("plain too");
      throw boom;
    },
    { transaction: false },
  );
  await expect(work).rejects.toBe(boom);
  expect(stored).toEqual(["plain", "plain too"]);
  expect(adapter.flights).toEqual(["1: begin | part", "1: rollback", "1: plain", "1: plain too"]);
});

test("batches, streams and commits of the outer session wait for a part under way as statements do", async () => {
  const { db, adapter, stored } = storingDatabase();
  const gate = deferred();
  await db.session(async (s) => {
    const part = s.transaction(async (tx) => {
      await tx.query("part");
      await gate.promise;
      throw boom;
    }, nested);
    part.catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    const others = Promise.all([
      s.batch(["one", "two"]),
      s.commit("three"),
      s.stream("rows")[Symbol.asyncIterator]().next(),
    ]);
    expect(await byNow(others)).toBe("pending");
    gate.resolve();
    await others;
    await expect(part).rejects.toBe(boom);
  });
  expect(stored.filter((row) => row !== "rows")).toEqual(["one", "two", "three"]);
  expect(adapter.flights[1]).toMatch(
    /^1: rollback-to isopool_1 \| release isopool_1 \| savepoint isopool_batch \| one/,
  );
});

test("where the context cannot tell who asks, an outer statement that its own part waits for ends by the time to acquire", async () => {
  const clock = new FakeClock();
  const { db, stored } = storingDatabase(
    {},
    { context: explicit(), runtime: { ...shared(), clock }, pool: { acquireTimeoutMs: 50 } },
  );
  const work = db.session((s) =>
    s.transaction(async (tx) => {
      await tx.query("part");
      await s.query("outer");
    }, nested),
  );
  work.catch(() => undefined);
  await clock.advance(49);
  expect(await byNow(work)).toBe("pending");
  await clock.advance(1);
  await expect(work).rejects.toMatchObject({ code: "POOL_DEADLOCK", message: expect.stringContaining("50 ms") });
  expect(stored).toEqual([]);
  expect(clock.timers).toBe(0);
});

test("the refusal of an outer statement says what to use, and leaves the part as it was", async () => {
  const { db, stored } = storingDatabase();
  await db.session(async (s) => {
    await s.transaction(async (tx) => {
      await tx.query("part");
      for (const ask of [
        () => s.query("q"),
        () => s.batch(["q"]),
        () => s.sql`q`.run(),
        () => s.commit(),
        () => s.rollback(),
      ])
        await expect(ask()).rejects.toMatchObject({ code: "POOL_DEADLOCK", outcome: "not-executed" });
      expect(() => s.stream("q")).toThrow(/POOL_DEADLOCK/);
    }, nested);
  });
  expect(stored).toEqual(["part"]);
});
