import { describe, expect, test } from "vitest";
import type { Propagation } from "../../src/index.ts";
import { deferred, fakeDatabase } from "../kit/fake-database.ts";

/** What travels when a statement runs in a transaction of this propagation, inside one (after `outer`) and outside of any. */
const table: Record<Propagation, { inside: string[] | "refused"; outside: string[] | "refused" }> = {
  required: { inside: ["1: begin | outer", "1: inner", "1: commit"], outside: ["1: begin | inner", "1: commit"] },
  nested: {
    inside: ["1: begin | outer", "1: savepoint isopool_1 | inner", "1: release isopool_1 | commit"],
    outside: ["1: begin | inner", "1: commit"],
  },
  "requires-new": {
    inside: ["1: begin | outer", "2: begin | inner", "2: commit", "1: commit"],
    outside: ["1: begin | inner", "1: commit"],
  },
  mandatory: { inside: ["1: begin | outer", "1: inner", "1: commit"], outside: "refused" },
  supports: { inside: ["1: begin | outer", "1: inner", "1: commit"], outside: ["1: inner"] },
  "not-supported": { inside: ["1: begin | outer", "2: inner", "1: commit"], outside: ["1: inner"] },
  never: { inside: "refused", outside: ["1: inner"] },
};

describe.each(Object.entries(table) as [Propagation, (typeof table)[Propagation]][])(
  "%s",
  (propagation, { inside, outside }) => {
    test("inside a transaction", async () => {
      const { db, adapter } = fakeDatabase();
      const work = db.session(async () => {
        await db.query("outer");
        await db.transaction(() => db.query("inner"), { propagation });
      });
      if (inside === "refused")
        await expect(work).rejects.toMatchObject({ code: "PROPAGATION_REFUSED", details: { propagation } });
      else {
        await work;
        expect(adapter.flights).toEqual(inside);
      }
    });

    test("outside of any session", async () => {
      const { db, adapter } = fakeDatabase();
      const work = db.transaction(() => db.query("inner"), { propagation });
      if (outside === "refused") await expect(work).rejects.toMatchObject({ code: "PROPAGATION_REFUSED" });
      else {
        await work;
        expect(adapter.flights).toEqual(outside);
      }
    });

    test.each([true, false])("in a session that has ended, with a transaction: %s", async (transaction) => {
      const { db, adapter } = fakeDatabase();
      const late = async (): Promise<unknown> => db.transaction(() => db.query("inner"), { propagation });
      let ended!: Promise<unknown>;
      const { promise: end, resolve } = deferred();
      await db.session(
        () => {
          ended = end.then(late);
          ended.catch(() => undefined);
        },
        { transaction },
      );
      resolve();
      // Not even in a session of its own: it may be work that was given up.
      await expect(ended).rejects.toMatchObject({ code: "SESSION_CLOSED" });
      expect(adapter.flights).toEqual([]);
    });

    test("in a session without a transaction", async () => {
      const { db, adapter } = fakeDatabase();
      const work = db.session((s) => s.transaction((tx) => tx.query("inner"), { propagation }), { transaction: false });
      if (outside === "refused") await expect(work).rejects.toMatchObject({ code: "PROPAGATION_REFUSED" });
      else {
        await work;
        expect(adapter.flights).toEqual(outside);
      }
    });
  },
);

test("an inner required transaction that fails, and is swallowed, makes the outer commit refused", async () => {
  const { db, adapter } = fakeDatabase();
  const boom = new Error("boom");
  const work = db.session(async (s) => {
    await s.query("outer");
    await s.transaction(() => Promise.reject(boom)).catch(() => undefined);
    await s.query("after");
  });
  await expect(work).rejects.toMatchObject({ code: "ROLLBACK_ONLY", cause: boom });
  expect(adapter.flights).toEqual(["1: begin | outer", "1: after", "1: rollback"]);
});

test("a swallowed failure inside a nested transaction rolls back that one, not the outer", async () => {
  const { db, adapter } = fakeDatabase();
  const boom = new Error("boom");
  await db.session(async (s) => {
    await s.query("outer");
    const inner = s.transaction(
      async (tx) => {
        await tx.query("inner");
        await tx.transaction(() => Promise.reject(boom)).catch(() => undefined);
      },
      { propagation: "nested" },
    );
    await expect(inner).rejects.toMatchObject({ code: "ROLLBACK_ONLY", cause: boom });
  });
  expect(adapter.flights.at(-1)).toBe("1: rollback-to isopool_1 | release isopool_1 | commit");
});

test("a transaction in a session without one is committed, and rolled back, by itself", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(
    async (s) => {
      await s.query("before");
      await s.transaction((tx) => tx.query("good"));
      await s
        .transaction(async (tx) => {
          await tx.query("bad");
          throw new Error("boom");
        })
        .catch(() => undefined);
      await s.query("after");
    },
    { transaction: false },
  );
  expect(adapter.flights).toEqual([
    "1: before",
    "1: begin | good",
    "1: commit",
    "1: begin | bad",
    "1: rollback",
    "1: after",
  ]);
});

test("what only the outermost transaction decides is refused further in", async () => {
  const { db } = fakeDatabase();
  await db.session(async (s) => {
    for (const options of [{ isolationLevel: "serializable" }, { accessMode: "read only" }, { retry: 1 }] as const) {
      await expect(s.transaction(() => 1, options)).rejects.toMatchObject({ code: "PROPAGATION_REFUSED" });
    }
  });
});

test("an unknown propagation is a TypeError that names it", async () => {
  const { db } = fakeDatabase();
  const work = db.transaction(() => 1, { propagation: "sometimes" as Propagation });
  await expect(work).rejects.toThrow(/one of required, nested, .* got `sometimes`/);
});

test("`retry` for a transaction inside a session is refused, not ignored: only a session is done again", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(
    async (s) => {
      const inner = s.transaction((tx) => tx.query("inner"), { retry: 1 });
      await expect(inner).rejects.toMatchObject({ code: "PROPAGATION_REFUSED" });
      await s.transaction((tx) => tx.query("inner"), { isolationLevel: "serializable" });
    },
    { transaction: false },
  );
  expect(adapter.flights).toEqual(["1: begin | inner", "1: commit"]);
});

test("the first of several failures that were swallowed is the cause; a rollback() of the session forgets them", async () => {
  const { db, adapter } = fakeDatabase();
  const boom = new Error("boom");
  const work = async (isRolledBack: boolean): Promise<void> =>
    db.session(async (s) => {
      await s.query("one");
      for (const error of [boom, new Error("second")]) {
        const failing = s.transaction(() => {
          throw error;
        });
        await failing.catch(() => undefined);
      }
      if (isRolledBack) await s.rollback();
      await s.query("two");
    });
  await expect(work(false)).rejects.toMatchObject({ code: "ROLLBACK_ONLY", cause: boom });
  await work(true);
  expect(adapter.flights.slice(-4)).toEqual(["1: begin | one", "1: rollback", "1: begin | two", "1: commit"]);
});

test("a part that belongs to no transaction spoils none when it fails", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(
    async (s) => {
      const failing = s.transaction(
        async (part) => {
          await part.query("one");
          throw new Error("boom");
        },
        { propagation: "supports" },
      );
      await expect(failing).rejects.toThrow("boom");
      await s.transaction((tx) => tx.query("two"));
    },
    { transaction: false },
  );
  expect(adapter.flights).toEqual(["1: one", "1: begin | two", "1: commit"]);
});
