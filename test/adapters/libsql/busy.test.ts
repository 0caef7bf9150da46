import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { add, openShop, PROFILES } from "./shop.ts";

afterEach(() => void vi.useRealTimers());

describe.each(PROFILES)("at %s", (profile) => {
  test("ten sessions that write at once all come through, also where the server does not queue them", async () => {
    // The clock stands still: on a slow machine ten of them may take longer than the patience of one.
    vi.useFakeTimers({ toFake: ["Date"] });
    for (const busy of ["queue", "fail"] as const) {
      const { db, names } = await openShop({ server: { profile, busy } });
      const write = (id: number): Promise<unknown> =>
        db.session(async (session) => {
          await session.batch([add(id, `goods ${id}`)]);
          await sleep(2);
        });
      await Promise.all(Array.from({ length: 10 }, (_, id) => write(id)));
      expect(await names()).toHaveLength(10);
    }
  });

  test("while the database is locked, a session waits for its turn until its own deadline", async () => {
    const { db } = await openShop({ server: { profile, busy: "fail" } });
    const holder = db.open({ accessMode: "read write" });
    await holder.query("SELECT 1");
    const { text, params } = add(1, "tea");
    const late = db.session((session) => session.query(text, params), { timeoutMs: 80 });
    await expect(late).rejects.toMatchObject({ code: "QUERY_TIMEOUT" });
    const soon = db.session((session) => session.query(text, params));
    await sleep(30);
    await holder.close("rollback");
    await soon;
  });

  test("a server that has too much to do is asked again", async () => {
    const { db, server, sent } = await openShop({ server: { profile } });
    await server.fail({ action: "status", status: 429, times: 3 });
    await db.query("SELECT 1");
    expect(await sent()).toHaveLength(4);
    await db.session(async (session) => {
      await session.batch([add(1, "tea")]);
      await server.fail({ action: "status", status: 429, times: 2 });
      await session.batch([add(2, "salt")]);
    });
  });

  test("a transaction that another writer took the lock from is lost: nothing of it runs on in autocommit", async () => {
    const { db, names, server } = await openShop({ server: { profile, txnTimeoutMs: 50 } });
    const work = db.session(async (session) => {
      await session.batch([add(1, "old")]);
      await db.autocommit.query("INSERT INTO goods VALUES (2, 'young')");
      const late = await Promise.allSettled([
        session.query("INSERT INTO goods VALUES (3, 'a')"),
        session.query("INSERT INTO goods VALUES (4, 'b')"),
      ]);
      for (const { status } of late) expect(status).toBe("rejected");
      await session.query("INSERT INTO goods VALUES (5, 'c')");
    });
    await expect(work).rejects.toMatchObject({ code: "TRANSACTION_LOST", retryable: true });
    expect((await server.counts()).forcedRollbacks).toBe(1);
    expect(await names()).toEqual(["young"]);
  });

  test("a statement that makes the database roll back loses the transaction, in the same flight and in later ones", async () => {
    const { db, names } = await openShop({ server: { profile } });
    const work = db.session(async (session) => {
      await session.batch([add(1, "tea")]);
      const both = [
        session.query("INSERT OR ROLLBACK INTO goods VALUES (1, 'x')"),
        session.query("INSERT INTO goods VALUES (2, 'late')"),
      ];
      const [first, second] = await Promise.allSettled(both);
      expect(first).toMatchObject({ reason: { code: "QUERY_FAILED", details: { kind: "unique" } } });
      expect(second).toMatchObject({ reason: { code: "TRANSACTION_LOST" } });
      await session.query("INSERT INTO goods VALUES (3, 'later')");
    });
    await expect(work).rejects.toMatchObject({ code: "TRANSACTION_LOST" });
    expect(await names()).toEqual([]);
  });

  test("a transaction that read first loses the race for a later write, and does it again", async () => {
    const { db, names } = await openShop({ server: { profile, busy: "fail" } });
    let attempts = 0;
    await db.session(
      async (session) => {
        await session.query("SELECT COUNT(*) AS n FROM goods");
        if (++attempts === 1) await db.autocommit.query("INSERT INTO goods VALUES (1, 'first')");
        await session.query("INSERT INTO goods VALUES (2, 'second')");
      },
      { retry: 2 },
    );
    expect(attempts).toBe(2);
    expect(await names()).toEqual(["first", "second"]);
  });
});

test.each(["query", "stream", "session"] as const)(
  "whoever finds the server busy for five seconds is told so, by a %s, and it may be done again",
  async (how) => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { db, server } = await openShop();
    await server.fail({ action: "status", status: 429, times: 10_000 });
    const read = async (): Promise<void> => {
      for await (const _row of db.stream("SELECT 1"));
    };
    const work =
      how === "stream" ? read() : how === "query" ? db.query("SELECT 1") : db.session((s) => s.query("SELECT 1"));
    const failure = work.catch((error: unknown) => error);
    // Not with expect.poll(): that moves the clock.
    const requests = async (count: number): Promise<void> => {
      await server.forgetRequests();
      while ((await server.requests()).length < count) await sleep(10);
    };
    await requests(2);
    vi.setSystemTime(Date.now() + 4_900);
    await requests(2);
    vi.setSystemTime(Date.now() + 100);
    expect(await failure).toMatchObject({
      code: "QUERY_FAILED",
      outcome: "not-executed",
      retryable: true,
      details: { kind: "busy" },
    });
    await server.clearFaults();
    await db.query("SELECT 1");
  },
);

test("what came before a BEGIN that was refused is not sent again with it", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const { db, server } = await openShop({
    server: { busy: "fail" },
    database: { setup: ["SELECT 'setup'"], pool: { max: 2 } },
  });
  const holder = db.open({ accessMode: "read write" });
  await holder.query("SELECT 1");
  await server.forgetRequests();
  const { text, params } = add(1, "tea");
  const waiting = db.session((session) => session.query(text, params));
  const sql = async (): Promise<string[]> => (await server.requests()).flatMap((request) => request.sql);
  while ((await sql()).filter((each) => each.startsWith("BEGIN")).length < 3) await sleep(10);
  await holder.close("rollback");
  await waiting;
  expect((await sql()).filter((each) => each === "SELECT 'setup'")).toHaveLength(1);
});
