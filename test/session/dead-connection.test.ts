import { describe, expect, test } from "vitest";
import { fakeDatabase, type FakeDatabase } from "../kit/fake-database.ts";

/** Dies at the first flight after it was idle, before anything was executed. */
function dyingOnce(dying: number) {
  return (_text: string, { number }: { readonly number: number }) =>
    number === dying && flown.has(number) ? { lost: "not-executed" as const } : void flown.add(number);
}
const flown = new Set<number>();

test("a connection that died while idle is replaced unseen: the flight leaves again on another", async () => {
  flown.clear();
  const { db, adapter } = fakeDatabase({ script: dyingOnce(1) });
  await db.autocommit.query("one");
  await db.session(async (s) => {
    await s.query("two");
  });
  expect(adapter.flights).toEqual(["1: one", "1: begin | two", "2: begin | two", "2: commit"]);
});

test("its idle siblings are not tried either", async () => {
  flown.clear();
  const { db, adapter } = fakeDatabase({
    script: (_text, { number }) => (number === 2 && flown.has(2) ? { lost: "not-executed" } : void flown.add(number)),
  });
  await db.session(() => db.session(() => Promise.all([db.autocommit.query("a"), db.autocommit.query("b")])));
  expect(db.stats().idle).toBe(2);
  const idle = adapter.connections.length;
  await db.autocommit.query("c");
  expect(adapter.connections.slice(0, idle).every(({ isClosed }) => isClosed)).toBe(true);
  expect(db.stats()).toMatchObject({ open: 1 });
});

test("with the check off, the loss is the caller's", async () => {
  flown.clear();
  const { db } = fakeDatabase({ script: dyingOnce(1) }, { checkActiveConnection: false });
  await db.autocommit.query("one");
  await expect(db.autocommit.query("two")).rejects.toMatchObject({ code: "CONNECTION_LOST" });
});

test("what may have been executed is never sent again", async () => {
  flown.clear();
  const { db, adapter } = fakeDatabase({
    script: (_text, { number }) => (flown.has(number) ? { lost: "unknown" } : void flown.add(number)),
  });
  await db.autocommit.query("one");
  await expect(db.autocommit.query("insert")).rejects.toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
  expect(adapter.flights).toEqual(["1: one", "1: insert"]);
});

test("inside a transaction the session fails: its earlier statements are gone with the connection", async () => {
  const { db, adapter } = fakeDatabase({ script: (text) => (text === "two" ? { lost: "not-executed" } : undefined) });
  const work = db.session(async (s) => {
    await s.query("one");
    await s.query("two").catch(() => undefined);
    await expect(s.query("three")).rejects.toMatchObject({ code: "TRANSACTION_LOST" });
  });
  await expect(work).rejects.toMatchObject({ code: "TRANSACTION_LOST" });
  expect(adapter.flights).toEqual(["1: begin | one", "1: two"]);
});

describe("in a plain session", () => {
  /** A text that begins with `set` leaves something in the connection, also where it dies of it. */
  function settingDatabase(): FakeDatabase {
    flown.clear();
    const dies = dyingOnce(1);
    return fakeDatabase({
      script: (text, connection) => {
        const lost = text === "ok" ? undefined : dies(text, connection);
        if (text.startsWith("set")) connection.hasSessionState = true;
        return lost;
      },
    });
  }

  test("what it has set is on no other connection: nothing is sent again, and that is said", async () => {
    const { db, adapter } = settingDatabase();
    await db.autocommit.query("ok");
    const work = db.session(
      async (s) => {
        await s.query("set keys off");
        await expect(s.query("delete")).rejects.toMatchObject({ code: "CONNECTION_LOST", outcome: "not-executed" });
        await s.query("on a new one, as was told");
      },
      { transaction: false },
    );
    await work;
    expect(adapter.flights).toEqual(["1: ok", "1: set keys off", "1: delete", "2: on a new one, as was told"]);
  });

  test("what the lost flight itself would have set is no reason", async () => {
    const { db, adapter } = settingDatabase();
    await db.autocommit.query("ok");
    flown.add(1);
    await db.session((s) => s.query("set keys off"), { transaction: false });
    expect(adapter.flights).toEqual(["1: ok", "1: set keys off", "2: set keys off"]);
  });
});

test("a fresh connection that dies at once is the caller's error, not a loop of new ones", async () => {
  const { db, adapter } = fakeDatabase({ script: () => ({ lost: "not-executed" }) });
  await expect(db.autocommit.query("one")).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  expect(adapter.opens).toBe(1);
});

describe("a stream on a connection that died while idle is replaced unseen", () => {
  const read = async (rows: AsyncIterable<unknown>): Promise<unknown[]> => {
    const seen: unknown[] = [];
    for await (const row of rows) seen.push(row);
    return seen;
  };
  /** The first connection dies at the first thing that is asked of it once it was idle. */
  function dyingDatabase(): FakeDatabase {
    flown.clear();
    const dies = dyingOnce(1);
    return fakeDatabase({
      script: (text, connection) =>
        dies(text, connection) ?? (text === "all" ? { columns: ["n"], rows: [[1]] } : undefined),
    });
  }

  test("with BEGIN ahead of it", async () => {
    const { db, adapter } = dyingDatabase();
    await db.autocommit.query("one");
    expect(await db.session((s) => read(s.stream("all")))).toEqual([{ n: 1 }]);
    expect(adapter.flights).toEqual([
      ...["1: one", "1: begin", "2: begin", "2: stream all"],
      ...["2: stream returned", "2: commit"],
    ]);
  });

  test("also where a stream that is open is state of the session", async () => {
    flown.clear();
    const dies = dyingOnce(1);
    const { db, adapter } = fakeDatabase({
      script: (text, connection) => {
        const lost = dies(text, connection);
        if (text === "all") connection.hasSessionState = true;
        return lost ?? (text === "all" ? { columns: ["n"], rows: [[1]] } : undefined);
      },
    });
    await db.autocommit.query("one");
    expect(await read(db.stream("all"))).toEqual([{ n: 1 }]);
    expect(adapter.flights).toEqual(["1: one", "1: stream all", "2: stream all", "2: stream returned"]);
  });

  test("or with nothing", async () => {
    const { db, adapter } = dyingDatabase();
    await db.autocommit.query("one");
    expect(await read(db.stream("all"))).toEqual([{ n: 1 }]);
    expect(adapter.flights).toEqual(["1: one", "1: stream all", "2: stream all", "2: stream returned"]);
  });
});
