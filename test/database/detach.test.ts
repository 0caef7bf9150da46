import { expect, test } from "vitest";
import { fakeDatabase } from "../kit/fake-database.ts";

test("a detached connection leaves the pool, and its place in it is free again", async () => {
  const { db, adapter } = fakeDatabase({}, { pool: { max: 1 } });
  const connection = await db.session(async (s) => {
    await s.getConnection();
    return s.detach();
  });
  expect(db.stats()).toMatchObject({ open: 0, closed: { detached: 1 } });
  await db.autocommit.query("another");
  expect(adapter.flights).toEqual(["2: another"]);
  await connection.query("still mine");
  expect(adapter.flights.at(-1)).toBe("1: still mine");
  await connection.close();
});

test("close() of a detached connection closes the driver's, and the handle says so from then on", async () => {
  const { db, adapter } = fakeDatabase();
  const session = db.open();
  await session.getConnection();
  const connection = session.detach();
  await session.close();
  await connection.close();
  await expect(connection.query("late")).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  expect(() => connection.raw).toThrow(/SESSION_CLOSED/);
  expect(adapter.connections[0]!.closes).toBe(1);
});

test("closing a detached connection twice is closing it once, as close() is everywhere", async () => {
  const { db, adapter } = fakeDatabase();
  const session = db.open();
  await session.getConnection();
  const connection = session.detach();
  await session.close();
  await connection[Symbol.asyncDispose]();
  expect(adapter.connections[0]!.closes).toBe(1);
  await connection.close();
  expect(adapter.connections[0]!.closes).toBe(1);
});

test("an open transaction stays open on it, for its new owner; nothing is settled behind their back", async () => {
  const { db, adapter } = fakeDatabase();
  const connection = await db.session(async (s) => {
    await s.query("insert");
    return s.detach();
  });
  expect(adapter.flights).toEqual(["1: begin | insert"]);
  expect(adapter.connections[0]!.state).toBe("transaction");
  await connection.close();
  expect(adapter.connections[0]!.isClosed).toBe(true);
});

test("detach() without a connection is a TypeError that says what to do first", async () => {
  const { db } = fakeDatabase();
  await db.session((s) => {
    expect(() => s.detach()).toThrow(TypeError);
    expect(() => s.detach()).toThrow(/getConnection\(\)/);
  });
});

test("a session that gave its connection away takes another for its next statement", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    await s.getConnection();
    const connection = s.detach();
    await s.query("one");
    await connection.close();
  });
  expect(adapter.flights).toEqual(["2: begin | one", "2: commit"]);
});

test("rows that were still to come are not read behind the new owner's back", async () => {
  const { db, adapter } = fakeDatabase({
    script: (text) => (text === "all" ? { columns: ["n"], rows: [[1], [2]] } : undefined),
  });
  await db.session(
    async (s) => {
      const rows = s.stream("all", { batchSize: 1 })[Symbol.asyncIterator]();
      await rows.next();
      const connection = s.detach();
      await expect(rows.next()).rejects.toMatchObject({ code: "SESSION_CLOSED" });
      await connection.close();
    },
    { transaction: false },
  );
  expect(adapter.log).toEqual(["open 1", "1: stream all", "1: stream returned", "close 1"]);
});

test("detach() while something is in flight is a TypeError, and nothing is given away", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    await s.query("one");
    const flying = s.query("two");
    expect(() => s.detach()).toThrow(/nothing in flight/);
    await flying;
  });
  expect(adapter.flights).toEqual(["1: begin | one", "1: two", "1: commit"]);
  expect(db.stats()).toMatchObject({ idle: 1, closed: { detached: 0 } });
});

test("where a part has failed, the transaction inside it is still to be rolled back: nobody takes that over", async () => {
  const { db, adapter } = fakeDatabase();
  let done!: () => void;
  const working = new Promise<void>((resolve) => (done = resolve));
  await db.session(
    async (s) => {
      let within: Promise<unknown> | undefined;
      let answered!: () => void;
      const isAnswered = new Promise<void>((resolve) => (answered = resolve));
      const failed = s.transaction(
        async (part) => {
          within = part.transaction(
            async (inner) => {
              await inner.query("insert");
              answered();
              await working;
            },
            { propagation: "requires-new" },
          );
          within.catch(() => undefined);
          await isAnswered;
          throw new Error("the part fails");
        },
        { propagation: "supports" },
      );
      await expect(failed).rejects.toThrow("the part fails");
      expect(() => s.detach()).toThrow(/nothing in flight/);
      done();
      await expect(within).rejects.toMatchObject({ code: "SESSION_CLOSED", outcome: "not-executed" });
      await s.getConnection();
      await s.detach().close();
    },
    { transaction: false },
  );
  expect(adapter.flights).toEqual(["1: begin | insert", "1: rollback"]);
});

// FOUND: the refusal was kept, so that a connection once refused could never be closed.
test("a close() that was refused while a session had the connection closes it once it is given back", async () => {
  const { db, adapter } = fakeDatabase();
  const session = db.open();
  await session.getConnection();
  const connection = session.detach();
  await session.setConnection(connection);
  await expect(connection.close()).rejects.toThrow(/setConnection\(null\) there first/);
  await session.setConnection(null);
  await connection.close();
  await connection.close();
  expect(adapter.connections[0]!.closes).toBe(1);
  await session.close();
});
