import { afterEach, describe, expect, test, vi } from "vitest";
import { add, openShop, PROFILES } from "./shop.ts";

afterEach(() => void vi.useRealTimers());

describe.each(PROFILES)("at %s", (profile) => {
  test("a connection that expired while it was idle is replaced, and nobody sees it", async () => {
    const { db, server, sent } = await openShop({ server: { profile } });
    await db.query("SELECT 1");
    await server.expireStreams();
    await sent();
    expect((await db.query("SELECT 2 AS two")).rows).toEqual([{ two: 2 }]);
    expect(await sent()).toHaveLength(profile === "sqld" ? 2 : 1);
    await server.forgetStreams();
    expect(await db.session((session) => session.query("SELECT 3 AS three"))).toMatchObject({ rows: [{ three: 3 }] });
  });

  test("a transaction that expired is lost, and nothing of it stays", async () => {
    const { db, server, names } = await openShop({ server: { profile } });
    const work = db.session(async (session) => {
      await session.batch([add(1, "tea")]);
      await server.expireStreams();
      await expect(session.batch([add(2, "salt")])).rejects.toMatchObject({
        code: "CONNECTION_LOST",
        outcome: "not-executed",
        retryable: true,
      });
      await session.batch([add(3, "rice")]);
    });
    await expect(work).rejects.toMatchObject({ code: "TRANSACTION_LOST", retryable: true });
    expect(await names()).toEqual([]);
  });

  test("what a plain session has set is on no other connection: the next statement is not done there", async () => {
    const { db, server } = await openShop({ server: { profile } });
    await db.query("CREATE TABLE owner (id INTEGER PRIMARY KEY)");
    await db.query("CREATE TABLE owned (id INTEGER REFERENCES owner ON DELETE CASCADE)");
    await db.batch(["INSERT INTO owner VALUES (1)", "INSERT INTO owned VALUES (1)"]);
    const work = db.session(
      async (session) => {
        await session.query("PRAGMA foreign_keys = OFF");
        await server.expireStreams();
        await session.query("DELETE FROM owner");
      },
      { transaction: false },
    );
    await expect(work).rejects.toMatchObject({ code: "CONNECTION_LOST", outcome: "not-executed" });
    expect((await db.query("SELECT id FROM owned")).rows).toEqual([{ id: 1 }]);
  });

  test("a session that is lost before its commit is not committed, and can be done again", async () => {
    const { db, server, names } = await openShop({ server: { profile } });
    let attempts = 0;
    await db.session(
      async (session) => {
        await session.batch([add(1, "tea")]);
        if (++attempts === 1) await server.forgetStreams();
      },
      { retry: 1 },
    );
    expect(attempts).toBe(2);
    expect(await names()).toEqual(["tea"]);
  });

  test("a new Turso Cloud says 410, and is understood", async () => {
    // The server has not really forgotten it.
    const { db, server } = await openShop({ server: { profile }, lostStreams: profile === "sqld" ? 1 : 0 });
    await db.query("SELECT 1");
    await server.fail({
      action: "status",
      status: 410,
      body: '{"error":"stream lost","code":"STREAM_LOST"}',
      contentType: "application/json",
    });
    expect((await db.query("SELECT 2 AS two")).rows).toEqual([{ two: 2 }]);
  });

  test("a server that closes the stream in a transaction has lost it", async () => {
    const { db, server, names } = await openShop({ server: { profile } });
    const work = db.session(async (session) => {
      await server.fail({ action: "no-baton", sql: "INSERT" });
      await session.batch([add(1, "tea")]);
      await session.batch([add(2, "salt")]);
    });
    await expect(work).rejects.toMatchObject({ code: "TRANSACTION_LOST" });
    expect(await names()).toEqual([]);
  });
});

test("a stream that its server has most likely forgotten is not tried: the query is one request", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const { db, server, sent } = await openShop({ database: { pool: { idleMs: Infinity } } });
  await db.query("SELECT 1");
  await server.expireStreams();
  await sent();
  vi.setSystemTime(Date.now() + 9_000);
  await db.query("SELECT 2");
  expect(await sent()).toHaveLength(1);
  expect(db.stats().opened).toBe(1);
});

test("a stream that its server may still have is closed there, though it would not be tried any more", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const { db, sent } = await openShop({ database: { pool: { idleMs: Infinity } } });
  await db.query("SELECT 1");
  await sent();
  vi.setSystemTime(Date.now() + 9_000);
  await db.dispose();
  expect(await sent()).toEqual(["close"]);
});

test("one that it has closed by itself costs no request", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const { db, server, sent } = await openShop({ database: { pool: { idleMs: Infinity } } });
  await db.query("SELECT 1");
  await server.expireStreams();
  await sent();
  vi.setSystemTime(Date.now() + 11_000);
  await db.dispose();
  expect(await sent()).toEqual([]);
});

test("settings that were made at setup are not lost with a stream: the connection is made anew", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const { db, server } = await openShop({
    database: { pool: { idleMs: Infinity }, setup: ["PRAGMA foreign_keys = OFF"] },
  });
  const read = async (): Promise<unknown> => (await db.query("SELECT foreign_keys FROM pragma_foreign_keys")).rows;
  expect(await read()).toEqual([{ foreign_keys: 0 }]);
  await server.expireStreams();
  vi.setSystemTime(Date.now() + 9_000);
  expect(await read()).toEqual([{ foreign_keys: 0 }]);
  expect(db.stats().opened).toBe(2);
});

test("a transaction is asked for as long as it is needed, however long its stream was idle", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const { db, names } = await openShop();
  await db.session(async (session) => {
    await session.batch([add(1, "tea")]);
    vi.setSystemTime(Date.now() + 9_000);
    await session.batch([add(2, "salt")]);
  });
  expect(await names()).toEqual(["tea", "salt"]);
});
