import { expect, test } from "vitest";
import { type Savepoint, shared } from "../../src/index.ts";
import { FakeClock } from "../kit/fake-clock.ts";
import { byNow, fakeDatabase } from "../kit/fake-database.ts";

const boom = new Error("boom");
const caught = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

test("what is released is kept, with a name of the caller's; it costs no flight of its own", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    const part = await s.savepoint("sp1");
    await part.query("one");
    await part.release();
  });
  expect(adapter.flights).toEqual(["1: begin | savepoint sp1_1 | one", "1: release sp1_1 | commit"]);
});

test("what is rolled back is taken back alone, and the session goes on", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    await s.query("one");
    const part = await s.savepoint();
    await part.query("two");
    await part.rollback();
    await s.query("three");
  });
  expect(adapter.flights).toEqual([
    "1: begin | one",
    "1: savepoint isopool_1 | two",
    "1: rollback-to isopool_1 | release isopool_1 | three",
    "1: commit",
  ]);
});

test("savepoints of one name nest and follow each other, as query builders make them", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    const outer = await s.savepoint("sp");
    const inner = await outer.savepoint("sp");
    await inner.query("deep");
    await inner.rollback();
    await outer.query("less deep");
    await outer.release();
    const next = await s.savepoint("sp");
    await next.query("next");
    await next.release();
  });
  expect(adapter.flights).toEqual([
    "1: begin | savepoint sp_1 | savepoint sp_2 | deep",
    "1: rollback-to sp_2 | release sp_2 | less deep",
    "1: release sp_1 | savepoint sp_3 | next",
    "1: release sp_3 | commit",
  ]);
});

test("a name that SQL would read otherwise is no more than letters there", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    for (const name of ['a"; drop table x; --', "1st", "order", "ä b", "", "x".repeat(70)]) {
      const part = await s.savepoint(name);
      await part.query("in it");
      await part.release();
    }
    await expect(s.savepoint(5 as never)).rejects.toThrow(
      "Expected the name of a savepoint to be a text, got `number`",
    );
  });
  const names = adapter.flights.flatMap((flight) => /savepoint (\S+)/.exec(flight)?.[1] ?? []);
  expect(names).toEqual(["a___drop_table_x_____1", "_st_2", "order_3", "__b_4", "_5", `${"x".repeat(40)}_6`]);
});

test("in a plain session it is a transaction: BEGIN rides, and its release commits", async () => {
  const { db, adapter } = fakeDatabase();
  await using session = db.open({ transaction: false });
  const part = await session.savepoint("unit", { isolationLevel: "serializable" });
  expect(adapter.flights).toEqual([]);
  await part.query("one");
  await part.release();
  await session.query("plain");
  const other = await session.savepoint();
  await other.query("two");
  await other.rollback();
  expect(adapter.flights).toEqual(["1: begin | one", "1: commit", "1: plain", "1: begin | two", "1: rollback"]);
  expect(adapter.begins).toEqual([{ isolationLevel: "serializable" }, {}]);
});

test("`await using` takes back what was not released", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    {
      await using part = await s.savepoint();
      await part.query("kept");
      await part.release();
    }
    const work = async (): Promise<void> => {
      await using part = await s.savepoint();
      await part.query("taken back");
      throw boom;
    };
    expect(await caught(work())).toBe(boom);
  });
  expect(adapter.flights).toEqual([
    "1: begin | savepoint isopool_1 | kept",
    "1: release isopool_1 | savepoint isopool_2 | taken back",
    "1: rollback-to isopool_2 | release isopool_2 | commit",
  ]);
});

test("it ends once: what comes second is told what became of it", async () => {
  const { db } = fakeDatabase();
  await db.session(async (s) => {
    const kept = await s.savepoint();
    await kept.query("one");
    await Promise.all([kept.release(), kept.release()]);
    await expect(kept.rollback()).rejects.toMatchObject({ code: "SESSION_CLOSED" });
    await expect(kept.query("late")).rejects.toMatchObject({ code: "SESSION_CLOSED" });
    const undone = await s.savepoint();
    await undone.rollback();
    await undone.rollback();
    await expect(undone.release()).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  });
});

test("a session whose work leaves one open is not committed", async () => {
  const { db, adapter } = fakeDatabase();
  let left: Savepoint | undefined;
  const work = db.session(async (s) => {
    left = await s.savepoint();
    await left.query("one");
    void s.savepoint("nobody waits for it");
  });
  expect(await caught(work)).toMatchObject({
    code: "PROPAGATION_REFUSED",
    message: expect.stringMatching(/savepoint in it is open: await its release\(\) or rollback\(\)/),
  });
  await expect(left!.release()).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  expect(adapter.flights).toEqual(["1: begin | savepoint isopool_1 | one", "1: rollback"]);
});

test("one that is opened by a transaction that nobody awaited is waited for as that is", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    void s.transaction(async (inner) => {
      const part = await inner.savepoint();
      await part.query("one");
      await part.release();
    });
  });
  expect(adapter.flights).toEqual(["1: begin | savepoint isopool_1 | one", "1: release isopool_1 | commit"]);
});

test("what settles the whole session is refused while one is open, and nothing is lost by that", async () => {
  const { db, adapter } = fakeDatabase();
  const session = db.open();
  const part = await session.savepoint();
  await part.query("one");
  for (const settle of [
    () => session.commit(),
    () => session.rollback(),
    () => session.close(),
    () => session.reconnect(),
  ])
    await expect(settle()).rejects.toMatchObject({ code: "PROPAGATION_REFUSED" });
  await part.release();
  await session.close();
  expect(adapter.flights.at(-1)).toBe("1: release isopool_1 | commit");
});

test("one that is left open goes with its session, and with the savepoint around it", async () => {
  const { db, adapter } = fakeDatabase();
  const session = db.open();
  const outer = await session.savepoint("outer");
  const inner = await outer.savepoint("inner");
  await inner.query("deep");
  await outer.rollback();
  await expect(inner.release()).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  const other = await session.savepoint("other");
  await other.query("more");
  await session.close("rollback");
  await expect(other.release()).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  await other.rollback();
  expect(adapter.flights).toEqual([
    "1: begin | savepoint outer_1 | savepoint inner_2 | deep",
    "1: rollback-to outer_1 | release outer_1 | savepoint other_3 | more",
    "1: rollback",
  ]);
});

test("one of a transaction that has joined does not keep its siblings from their turn when that ends", async () => {
  const { db, adapter } = fakeDatabase();
  const work = db.session(async (s) => {
    const joined = s.transaction(async (inner) => {
      await inner.savepoint("left");
      throw boom;
    });
    expect(await caught(joined)).toBe(boom);
    const next = await s.savepoint("next");
    await next.rollback();
  });
  expect(await caught(work)).toMatchObject({ code: "ROLLBACK_ONLY" });
  expect(adapter.flights).toEqual([]);
});

test("it takes its turn among the transactions of its session", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    const part = await s.savepoint();
    await part.query("one");
    const sibling = s.transaction((inner) => inner.query("two"), { propagation: "nested" });
    const third = s.savepoint();
    expect(await byNow(Promise.race([sibling, third]))).toBe("pending");
    await part.release();
    await sibling;
    await (await third).rollback();
  });
  expect(adapter.flights).toEqual([
    "1: begin | savepoint isopool_1 | one",
    "1: release isopool_1 | savepoint isopool_2 | two",
    "1: release isopool_2 | commit",
  ]);
});

test("transactions inside it are parts of it", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    const part = await s.savepoint();
    await part.transaction((joined) => joined.query("joined"));
    await caught(
      part.transaction(
        async (nested) => {
          await nested.query("nested");
          throw boom;
        },
        { propagation: "nested" },
      ),
    );
    await part.release();
  });
  expect(adapter.flights).toEqual([
    "1: begin | savepoint isopool_1 | joined",
    "1: savepoint isopool_2 | nested",
    "1: rollback-to isopool_2 | release isopool_1 | commit",
  ]);
});

test("its deadline takes it back, and its release says so; the session goes on", async () => {
  const clock = new FakeClock();
  const { db, adapter } = fakeDatabase({}, { runtime: { ...shared(), clock } });
  await db.session(async (s) => {
    const part = await s.savepoint("slow", { timeoutMs: 100 });
    await part.query("one");
    await clock.advance(100);
    await expect(part.release()).rejects.toMatchObject({ code: "QUERY_TIMEOUT" });
    await part.rollback();
    await s.query("two");
  });
  expect(adapter.flights).toEqual([
    "1: begin | savepoint slow_1 | one",
    "1: rollback-to slow_1 | release slow_1 | two",
    "1: commit",
  ]);
});

test("a signal that was aborted before opens none", async () => {
  const { db } = fakeDatabase();
  await db.session(async (s) => {
    await expect(s.savepoint("x", { signal: AbortSignal.abort(boom) })).rejects.toBe(boom);
  });
});

test("what only the outermost decides is refused further in, and so is an unknown option", async () => {
  const { db } = fakeDatabase();
  await db.session(async (s) => {
    await expect(s.savepoint("x", { accessMode: "read only" })).rejects.toMatchObject({ code: "PROPAGATION_REFUSED" });
    await expect(s.savepoint("x", { timeout: 5 } as never)).rejects.toThrow("did you mean `timeoutMs`?");
  });
});

test("the release of a plain session's transaction whose COMMIT is lost is COMMIT_UNKNOWN, and so is a rollback behind it", async () => {
  const { db } = fakeDatabase({ script: (text) => (text === "commit" ? { lost: "unknown" } : undefined) });
  const session = db.open({ transaction: false });
  const part = await session.savepoint();
  await part.query("one");
  await expect(part.release()).rejects.toMatchObject({ code: "COMMIT_UNKNOWN" });
  await expect(part.rollback()).rejects.toMatchObject({ code: "COMMIT_UNKNOWN" });
  await session.close(null);
});

test("one that waits for its turn when its session is closed is never opened", async () => {
  const { db, adapter } = fakeDatabase();
  const session = db.open();
  const first = await session.savepoint();
  const second = caught(session.savepoint());
  expect(await byNow(second)).toBe("pending");
  await session.close("rollback");
  expect(await second).toMatchObject({ code: "SESSION_CLOSED" });
  await first.rollback();
  expect(adapter.flights).toEqual([]);
});

test("what settles the session may be asked with its release, which comes first", async () => {
  const { db, adapter } = fakeDatabase();
  const session = db.open();
  const part = await session.savepoint();
  await part.query("one");
  await Promise.all([part.release(), session.commit()]);
  await session.close();
  expect(adapter.flights).toEqual(["1: begin | savepoint isopool_1 | one", "1: release isopool_1 | commit"]);
});
