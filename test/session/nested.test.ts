import { expect, onTestFinished, test, vi } from "vitest";
import type { Session } from "../../src/index.ts";
import { Scope } from "../../src/session/scope.ts";
import { deferred, fakeDatabase } from "../kit/fake-database.ts";

const boom = new Error("boom");
const nested = { propagation: "nested" } as const;

test("a nested transaction is a savepoint that costs no flight of its own", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    await s.query("one");
    await s.transaction((inner) => inner.query("two"), nested);
    await s.query("three");
  });
  expect(adapter.flights).toEqual([
    "1: begin | one",
    "1: savepoint isopool_1 | two",
    "1: release isopool_1 | three",
    "1: commit",
  ]);
});

test("a nested transaction that throws is taken back alone: the outer work is committed", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    await s.query("one");
    const inner = s.transaction(async (tx) => {
      await tx.query("two");
      throw boom;
    }, nested);
    await expect(inner).rejects.toBe(boom);
  });
  expect(adapter.flights).toEqual([
    "1: begin | one",
    "1: savepoint isopool_1 | two",
    "1: rollback-to isopool_1 | release isopool_1 | commit",
  ]);
});

test("a nested transaction that runs nothing sends nothing", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    await s.transaction(() => undefined, nested);
    await s.transaction(() => Promise.reject(boom), nested).catch(() => undefined);
    await s.query("one");
  });
  expect(adapter.flights).toEqual(["1: begin | one", "1: commit"]);
});

test("savepoints nest: BEGIN and all of them ride with the first statement inside", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session((s) => s.transaction((a) => a.transaction((b) => b.query("deep"), nested), nested));
  expect(adapter.flights).toEqual([
    "1: begin | savepoint isopool_1 | savepoint isopool_2 | deep",
    "1: release isopool_1 | commit",
  ]);
});

test("siblings take turns", async () => {
  const { db, adapter } = fakeDatabase();
  const gate = deferred();
  await db.session(async (s) => {
    await s.query("zero");
    const first = s.transaction(async (tx) => {
      await tx.query("a1");
      await gate.promise;
      await tx.query("a2");
    }, nested);
    const second = s.transaction((tx) => tx.query("b"), nested);
    await new Promise((resolve) => setImmediate(resolve));
    gate.resolve();
    await Promise.all([first, second]);
  });
  expect(adapter.flights).toEqual([
    "1: begin | zero",
    "1: savepoint isopool_1 | a1",
    "1: a2",
    "1: release isopool_1 | savepoint isopool_2 | b",
    "1: release isopool_2 | commit",
  ]);
});

test("a sibling's failure does not take the next one with it", async () => {
  const { db } = fakeDatabase();
  const results = await db.session((s) =>
    Promise.allSettled([
      s.transaction(() => Promise.reject(boom), nested),
      s.transaction((tx) => tx.query("b"), nested),
    ]),
  );
  expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
});

test("a nested transaction that waits for itself, through the outer session, is told so instead of hanging", async () => {
  const { db } = fakeDatabase({}, { pool: { acquireTimeoutMs: 20 } });
  const work = db.session((s) => s.transaction(() => s.transaction(() => "never", nested), nested));
  await expect(work).rejects.toMatchObject({
    code: "POOL_DEADLOCK",
    message: expect.stringContaining("use the session that its work received"),
  });
});

test("the handle of an inner transaction is good until its work ends", async () => {
  const { db } = fakeDatabase();
  await db.session(async (s) => {
    let kept: typeof s | undefined;
    await s.transaction((tx) => {
      kept = tx;
    }, nested);
    await expect(kept!.query("late")).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  });
});

test("an inner transaction cannot settle the whole", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    await s.query("one");
    await s.transaction(async (tx) => {
      for (const settle of [() => tx.commit(), () => tx.rollback(), () => tx.close()]) {
        await expect(settle()).rejects.toMatchObject({ code: "PROPAGATION_REFUSED" });
      }
    });
  });
  expect(adapter.flights).toEqual(["1: begin | one", "1: commit"]);
});

test("a savepoint that was released is set anew in the next transaction of the session", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    await s.transaction((tx) => tx.query("one"), nested);
    await s.commit();
    await s.transaction((tx) => tx.query("two"), nested);
  });
  expect(adapter.flights).toEqual([
    "1: begin | savepoint isopool_1 | one",
    "1: release isopool_1 | commit",
    "1: begin | savepoint isopool_2 | two",
    "1: release isopool_2 | commit",
  ]);
});

test.each(["nested", "required"] as const)(
  "a %s transaction that nobody awaited is waited for: no half of it is committed",
  async (propagation) => {
    const { db, adapter } = fakeDatabase();
    let inner: Promise<unknown> | undefined;
    await db.session(async (s) => {
      inner = s.transaction(
        async (tx) => {
          await tx.query("one");
          await new Promise((resolve) => setImmediate(resolve));
          await tx.query("two");
        },
        { propagation },
      );
    });
    await inner;
    expect(adapter.flights.filter((line) => line.endsWith("two"))).toHaveLength(1);
    expect(adapter.flights.at(-1)).toMatch(/commit$/);
  },
);

test("a transaction that nobody awaited, and that fails, leaves nothing", async () => {
  const { db, adapter } = fakeDatabase();
  const work = db.session((s) => {
    s.transaction(async (tx) => {
      await tx.query("one");
      throw boom;
    }).catch(() => undefined);
  });
  await expect(work).rejects.toMatchObject({ code: "ROLLBACK_ONLY", cause: boom });
  expect(adapter.flights).toEqual(["1: begin | one", "1: rollback"]);
});

test("siblings take turns also where each is inside a joined part: one's failure does not undo the other", async () => {
  const { db, adapter } = fakeDatabase();
  const gate = deferred();
  await db.session(async (s) => {
    const first = s.transaction((a) =>
      a
        .transaction(async (tx) => {
          await tx.query("a");
          await gate.promise;
          throw boom;
        }, nested)
        .catch(() => undefined),
    );
    const second = s.transaction((b) => b.transaction((tx) => tx.query("b"), nested));
    await new Promise((resolve) => setImmediate(resolve));
    gate.resolve();
    await Promise.all([first, second]);
  });
  expect(adapter.flights).toEqual([
    "1: begin | savepoint isopool_1 | a",
    "1: rollback-to isopool_1 | release isopool_1 | savepoint isopool_2 | b",
    "1: release isopool_2 | commit",
  ]);
});

test("a statement of the outer session that the work of a nested one asks for is refused at once, where the context tells", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    await s.query("one");
    await s.transaction(async (tx) => {
      await tx.query("two");
      await expect(s.query("outside")).rejects.toMatchObject({
        code: "POOL_DEADLOCK",
        message: expect.stringContaining("use the session that its work received"),
      });
    }, nested);
  });
  expect(adapter.flights).toEqual(["1: begin | one", "1: savepoint isopool_1 | two", "1: release isopool_1 | commit"]);
});

test("the work of a nested transaction cannot commit the session around it: half of it would be committed", async () => {
  const { db, adapter } = fakeDatabase();
  const told: string[] = [];
  await db.session(async (s) => {
    await s.query("one");
    const inner = s.transaction(async (tx) => {
      tx.onCommit(() => told.push("committed"));
      tx.onRollback(() => told.push("rolled back"));
      await tx.query("two");
      await expect(s.close()).rejects.toMatchObject({ code: "POOL_DEADLOCK" });
      throw boom;
    }, nested);
    await expect(inner).rejects.toBe(boom);
  });
  expect(told).toEqual(["rolled back"]);
  expect(adapter.flights).toEqual([
    "1: begin | one",
    "1: savepoint isopool_1 | two",
    "1: rollback-to isopool_1 | release isopool_1 | commit",
  ]);
});

test("five hundred nest, each in the one before: what a statement is inside of is looked for once, not once at each level", async () => {
  const looks = vi.spyOn(Scope.prototype, "path", "get");
  onTestFinished(() => looks.mockRestore());
  const { db, adapter } = fakeDatabase();
  const nest = async (s: Session, depth: number): Promise<void> => {
    await s.query("one");
    if (depth > 0) await s.transaction((inner) => nest(inner, depth - 1), nested);
  };
  await db.session((s) => nest(s, 500));
  expect(adapter.flights).toHaveLength(502);
  expect(adapter.flights.at(-2)).toBe("1: savepoint isopool_500 | one");
  expect(looks.mock.calls.length).toBeGreaterThan(500);
  expect(looks.mock.calls.length).toBeLessThan(2_500);
});
