import { expect, test } from "vitest";
import { shared } from "../../src/index.ts";
import { FakeClock, settle } from "../kit/fake-clock.ts";
import { deferred, fakeDatabase } from "../kit/fake-database.ts";

const boom = new Error("boom");

/** A connection that its caller owns. */
async function detached({ db }: ReturnType<typeof fakeDatabase>) {
  const session = db.open();
  await session.getConnection();
  const connection = session.detach();
  await session.close();
  return connection;
}

test("setConnection(connection) binds one that the caller owns: the session uses it, and leaves it open", async () => {
  const fake = fakeDatabase();
  const { db, adapter } = fake;
  const connection = await detached(fake);
  await db.session(async (s) => {
    await s.setConnection(connection);
    await s.query("insert");
  });
  expect(adapter.log).toEqual(["open 1", "1: begin | insert", "1: commit"]);
  expect(adapter.openConnections).toBe(1);
  expect(db.stats()).toMatchObject({ open: 0, idle: 0 });
  await connection.close();
});

test("the hooks of the database run on it only when asked for", async () => {
  const hooks: unknown[] = [];
  const fake = fakeDatabase({ setup: [{ text: "setup" }] }, { afterConnection: ({ raw }) => void hooks.push(raw) });
  const { db, adapter } = fake;
  const connection = await detached(fake);
  await db.autocommit.query("use another");
  hooks.length = 0;
  await db.session(async (s) => {
    await s.setConnection(connection);
    await s.query("one");
    expect(hooks).toEqual([]);
    await s.setConnection(connection, { runHooks: true });
    expect(hooks).toEqual([connection.raw]);
    await s.query("two");
  });
  expect(adapter.flights.filter((line) => line.startsWith("1:"))).toEqual([
    "1: setup | begin | one",
    "1: rollback",
    "1: setup | begin | two",
    "1: commit",
  ]);
  await connection.close();
});

test("a hook that fails is the caller's error, and the connection is not bound", async () => {
  let isBroken = false;
  const fake = fakeDatabase(
    {},
    {
      afterConnection: () => {
        if (isBroken) throw boom;
      },
    },
  );
  const { db, adapter } = fake;
  const connection = await detached(fake);
  isBroken = true;
  await db.session(async (s) => {
    await expect(s.setConnection(connection, { runHooks: true })).rejects.toBe(boom);
    isBroken = false;
    await s.query("one");
  });
  expect(adapter.flights).toEqual(["2: begin | one", "2: commit"]);
  await connection.close();
});

test("setConnection(null) gives back what was bound, rolled back, and leaves the session with none", async () => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    await s.query("insert");
    await db.setConnection(null);
    expect(db.stats()).toMatchObject({ busy: 0, idle: 1 });
    await s.setConnection(null);
  });
  expect(adapter.log).toEqual(["open 1", "1: begin | insert", "1: rollback"]);
});

test("what was bound before is rolled back and given back", async () => {
  const fake = fakeDatabase();
  const { db, adapter } = fake;
  const connection = await detached(fake);
  await db.session(async (s) => {
    await s.query("on the pool's");
    await s.setConnection(connection);
    expect(db.stats()).toMatchObject({ busy: 0, idle: 1 });
    await s.query("on mine");
  });
  expect(adapter.flights).toEqual(["2: begin | on the pool's", "2: rollback", "1: begin | on mine", "1: commit"]);
  await connection.close();
});

test("a connection that belongs to another session cannot be bound", async () => {
  const { db } = fakeDatabase();
  const holder = db.open();
  const theirs = await holder.getConnection();
  const gone = await db.session((s) => s.getConnection());
  await db.session(async (s) => {
    await expect(s.setConnection(gone)).rejects.toMatchObject({ code: "SESSION_CLOSED" });
    await expect(s.setConnection(theirs)).rejects.toThrow(/detach/);
  });
  await holder.close();
});

test("a session that was lent a connection may detach it, with its transaction", async () => {
  const fake = fakeDatabase();
  const { db, adapter } = fake;
  const connection = await detached(fake);
  const mine = await db.session(async (s) => {
    await s.setConnection(connection);
    await s.query("one");
    return s.detach();
  });
  expect(mine.raw).toBe(adapter.connections[0]!.raw);
  await mine.query("two");
  expect(adapter.log).toEqual(["open 1", "1: begin | one", "1: two"]);
  await mine.close();
});

test("an inner transaction cannot set the connection of the whole", async () => {
  const { db } = fakeDatabase();
  await db.session((s) =>
    s.transaction((tx) => expect(tx.setConnection(null)).rejects.toMatchObject({ code: "PROPAGATION_REFUSED" })),
  );
});

test("a connection of one's own is in one session at a time, and free again when that has left it", async () => {
  const fake = fakeDatabase();
  const { db, adapter } = fake;
  const connection = await detached(fake);
  const first = db.open();
  const second = db.open();
  await first.setConnection(connection);
  await expect(second.setConnection(connection)).rejects.toThrow(/no session holds/);
  await expect(connection.query("beside it")).rejects.toThrow(/no session holds/);
  await first.setConnection(null);
  await second.setConnection(connection);
  await second.query("one");
  await expect(first.setConnection(connection)).rejects.toThrow(TypeError);
  await second.close();
  await first.setConnection(connection);
  await first.close();
  expect(adapter.flights).toEqual(["1: begin | one", "1: commit"]);
  await connection.close();
});

test("a hook that is given up in mid-flight cancels it: the connection's owner meets nothing that is under way", async () => {
  const clock = new FakeClock();
  const signals: (AbortSignal | undefined)[] = [];
  const { db, adapter } = fakeDatabase(
    {
      script: (text, _connection, signal) => {
        if (text !== "hook") return undefined;
        signals.push(signal);
        return signals.length > 1 ? new Promise(() => undefined) : undefined;
      },
    },
    {
      runtime: { ...shared(), clock },
      pool: { openTimeoutMs: 100 },
      afterConnection: async (connection) => void (await connection.query("hook")),
    },
  );
  const first = db.open();
  await first.getConnection();
  const own = first.detach();
  await first.close();
  const second = db.open();
  const setting = second.setConnection(own, { runHooks: true });
  setting.catch(() => undefined);
  await clock.advance(100);
  await expect(setting).rejects.toMatchObject({ code: "CONNECT_FAILED" });
  expect(signals[1]?.aborted).toBe(true);
  await second.close();
  await own.close();
  expect(adapter.connections[0]!.closes).toBe(1);
});

test("a session that is given up while hooks run on what it is to take leaves it to its owner", async () => {
  let isSecond = false;
  const gate = deferred();
  const { db } = fakeDatabase({}, { afterConnection: async () => (isSecond ? gate.promise : undefined) });
  const first = db.open();
  await first.getConnection();
  const own = first.detach();
  await first.close();
  isSecond = true;
  const controller = new AbortController();
  const second = db.open({ signal: controller.signal });
  const setting = second.setConnection(own, { runHooks: true });
  setting.catch(() => undefined);
  await settle();
  controller.abort(boom);
  await expect(setting).rejects.toBe(boom);
  await settle();
  gate.resolve();
  await settle();
  await settle();
  await own.query("mine");
  await own.close();
});

test.each([undefined, "x", {}])("setConnection(%o) is a TypeError, and what is pending stays", async (connection) => {
  const { db, adapter } = fakeDatabase();
  await db.session(async (s) => {
    await s.query("a");
    await expect(s.setConnection(connection as never)).rejects.toThrow(
      /^Expected a connection from detach\(\), or null/,
    );
  });
  expect(adapter.flights).toEqual(["1: begin | a", "1: commit"]);
});
