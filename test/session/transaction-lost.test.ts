import { expect, test } from "vitest";
import { queryFailed } from "../kit/fake-adapter.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

const gone = { error: queryFailed("unique"), state: "idle" } as const;

test("a transaction that the database ended is lost: nothing runs on in autocommit, not even when the error is swallowed", async () => {
  const { db, adapter } = fakeDatabase({ script: (text) => (text === "insert or rollback" ? gone : undefined) });
  const work = db.session(async (s) => {
    await s.query("one");
    await s.query("insert or rollback").catch(() => undefined);
    await expect(s.query("two")).rejects.toMatchObject({ code: "TRANSACTION_LOST", cause: gone.error });
  });
  await expect(work).rejects.toMatchObject({ code: "TRANSACTION_LOST", retryable: true });
  expect(adapter.flights).toEqual(["1: begin | one", "1: insert or rollback"]);
  expect(db.stats()).toMatchObject({ open: 1, idle: 1 });
});

test("statements behind the loss in the same flight are skipped and told why", async () => {
  const { db } = fakeDatabase({ script: (text) => (text === "bad" ? gone : undefined) });
  await db.session(async (s) => {
    const [bad, next] = await Promise.allSettled([s.query("bad"), s.query("next")]);
    expect(bad).toMatchObject({ reason: gone.error });
    expect(next).toMatchObject({ reason: { code: "TRANSACTION_LOST", outcome: "not-executed" } });
    await s.rollback();
  });
});

test("a flight that fails as a whole on a connection that stays good shows it too: the driver has no transaction any more", async () => {
  const boom = queryFailed("other");
  const { db, adapter } = fakeDatabase({
    script: (text, connection) => {
      if (text !== "two") return undefined;
      connection.state = "idle";
      throw boom;
    },
  });
  const work = db.session(async (s) => {
    await s.query("one");
    await expect(s.query("two")).rejects.toBe(boom);
    await expect(s.query("three")).rejects.toMatchObject({ code: "TRANSACTION_LOST", cause: boom });
  });
  await expect(work).rejects.toMatchObject({ code: "TRANSACTION_LOST" });
  expect(adapter.flights).toEqual(["1: begin | one", "1: two"]);
});

test.each(["transaction", "failed"] as const)(
  "a plain session does not go on in a transaction that it has not begun: its connection is closed (%s)",
  async (state) => {
    const { db, adapter } = fakeDatabase({ script: (text) => (text === "sneaks" ? { state } : undefined) });
    await db.session(
      async (s) => {
        await s.query("sneaks");
        await s.query("next");
      },
      { transaction: false },
    );
    expect(adapter.flights).toEqual(["1: sneaks", "2: next"]);
  },
);

test("a savepoint that cannot be taken back leaves nothing but a rollback of all", async () => {
  const boom = queryFailed("other");
  const { db, adapter } = fakeDatabase({
    script: (text) => (text === "rollback-to isopool_1" ? { error: boom } : undefined),
  });
  const work = db.session(async (s) => {
    await s.query("one");
    const part = s.transaction(
      async (inner) => {
        await inner.query("two");
        throw boom;
      },
      { propagation: "nested" },
    );
    await expect(part).rejects.toBe(boom);
    await expect(s.query("three")).rejects.toBe(boom);
    await expect(s.query("four")).rejects.toMatchObject({ code: "ROLLBACK_ONLY", cause: boom });
  });
  await expect(work).rejects.toMatchObject({ code: "ROLLBACK_ONLY" });
  expect(adapter.flights.at(-1)).toBe("1: rollback");
  expect(adapter.flights.filter((flight) => flight.includes("four"))).toEqual([]);
});

test("a savepoint that cannot be released leaves nothing but a rollback of all", async () => {
  const boom = queryFailed("other");
  const { db, adapter } = fakeDatabase({
    script: (text) => (text === "release isopool_1" ? { error: boom } : undefined),
  });
  const work = db.session(async (s) => {
    await s.transaction((inner) => inner.query("one"), { propagation: "nested" });
    await expect(s.query("two")).rejects.toBe(boom);
    await expect(s.query("three")).rejects.toMatchObject({ code: "ROLLBACK_ONLY", cause: boom });
  });
  await expect(work).rejects.toMatchObject({ code: "ROLLBACK_ONLY" });
  expect(adapter.flights.slice(1)).toEqual(["1: release isopool_1 | two", "1: rollback"]);
});

test("a savepoint that finds the transaction gone says that it is lost, and why", async () => {
  const { db, adapter } = fakeDatabase({ script: (text) => (text === "savepoint isopool_1" ? gone : undefined) });
  const work = db.session(async (s) => {
    await s.query("one");
    const part = s.transaction((inner) => inner.query("two"), { propagation: "nested" });
    await expect(part).rejects.toMatchObject({ code: "TRANSACTION_LOST", retryable: true, cause: gone.error });
  });
  await expect(work).rejects.toMatchObject({ code: "TRANSACTION_LOST" });
  expect(adapter.flights).toEqual(["1: begin | one", "1: savepoint isopool_1 | two"]);
});

test("a stream is not begun outside of a transaction that the driver knows to be over, though no flight has said so", async () => {
  const { db, adapter } = fakeDatabase();
  const work = db.session(async (s) => {
    await s.query("one");
    adapter.connections[0]!.state = "idle";
    await expect(s.stream("insert returning")[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: "TRANSACTION_LOST",
      details: { sql: "insert returning" },
      outcome: "not-executed",
    });
  });
  await expect(work).rejects.toMatchObject({ code: "TRANSACTION_LOST", retryable: true });
  expect(adapter.flights).toEqual(["1: begin | one"]);
});

test("rollback() acknowledges the loss, and the next statement begins anew", async () => {
  const { db, adapter } = fakeDatabase({ script: (text) => (text === "bad" ? gone : undefined) });
  await db.session(async (s) => {
    await s.query("bad").catch(() => undefined);
    await s.rollback();
    await s.query("two");
  });
  expect(adapter.flights).toEqual(["1: begin | bad", "1: begin | two", "1: commit"]);
});

test("a transaction that the database has marked failed takes nothing but a rollback", async () => {
  const aborted = { error: queryFailed("unique"), state: "failed" } as const;
  const { db, adapter } = fakeDatabase({ script: (text) => (text === "bad" ? aborted : undefined) });
  const work = db.session(async (s) => {
    await s.query("bad").catch(() => undefined);
    await expect(s.query("two")).rejects.toMatchObject({ code: "ROLLBACK_ONLY", cause: aborted.error });
  });
  await expect(work).rejects.toMatchObject({ code: "ROLLBACK_ONLY" });
  expect(adapter.flights).toEqual(["1: begin | bad", "1: rollback"]);
});

test("a savepoint rolled back heals a failed transaction", async () => {
  const aborted = { error: queryFailed("unique"), state: "failed" } as const;
  const { db, adapter } = fakeDatabase({
    script: (text) =>
      text === "bad" ? aborted : text.startsWith("rollback-to") ? { state: "transaction" } : undefined,
  });
  await db.session(async (s) => {
    await s.query("one");
    await s.transaction((inner) => inner.query("bad"), { propagation: "nested" }).catch(() => undefined);
    await s.query("two");
  });
  expect(adapter.flights).toEqual([
    "1: begin | one",
    "1: savepoint isopool_1 | bad",
    "1: rollback-to isopool_1 | release isopool_1 | two",
    "1: commit",
  ]);
});

test.each(["nested", "required"] as const)(
  "a %s transaction in which it was lost fails, though its work swallowed that",
  async (propagation) => {
    const { db } = fakeDatabase({ script: (text) => (text === "bad" ? gone : undefined) });
    await db.session(async (s) => {
      await s.query("one");
      const inner = s.transaction((tx) => tx.query("bad").catch(() => undefined), { propagation });
      await expect(inner).rejects.toMatchObject({ code: "TRANSACTION_LOST" });
      await s.rollback();
    });
  },
);

test("the cause of a loss is what lost it, not an earlier failure that was swallowed", async () => {
  const { db } = fakeDatabase({
    script: (text) =>
      text === "bad" ? { error: queryFailed("unique") } : text === "ends it" ? { state: "idle" } : undefined,
  });
  await db.session(async (s) => {
    await s.query("bad").catch(() => undefined);
    await s.query("ends it");
    const lost = await s.query("two").catch((error: unknown) => error);
    expect(lost).toMatchObject({ code: "TRANSACTION_LOST" });
    expect((lost as Error).cause).toBeUndefined();
    await s.rollback();
  });
});
