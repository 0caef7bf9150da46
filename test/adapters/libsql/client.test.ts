// Sessions through the user's @libsql/client: what they cost, and its known hole, closed.

import { createClient } from "@libsql/client/http";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Session } from "../../../src/index.ts";
import { deferred } from "../../kit/fake-database.ts";
import { add, openShop, PROFILES } from "./shop.ts";

const tokens = { "full-s3cret": "full", "reader-s3cret": "read-only" } as const;

afterEach(() => void vi.useRealTimers());

describe.each(PROFILES)("at %s", (profile) => {
  const shop = { server: { profile }, libsql: { createClient } };

  test("a query is one request, a batch too; three statements in a session are four, at once two", async () => {
    const { db, sent, names } = await openShop(shop);
    expect(await db.sql`SELECT ${1} AS one`).toEqual([{ one: 1 }]);
    expect(await sent()).toHaveLength(1);
    await db.batch([add(1, "tea"), add(2, "salt")]);
    expect(await sent()).toHaveLength(1);
    await db.session(async (session) => {
      for (const id of [3, 4, 5]) await session.query("INSERT INTO goods VALUES (?, ?)", [id, `goods ${id}`]);
    });
    expect(await sent()).toHaveLength(4);
    await db.session((session) =>
      Promise.all([session.query("SELECT 1"), session.query("SELECT 2"), session.query("SELECT 3")]),
    );
    expect(await sent()).toHaveLength(2);
    await db.session(() => undefined);
    expect(await sent()).toEqual([]);
    expect(await names()).toHaveLength(5);
  });

  test("the last statement and its commit are one request: three for three statements", async () => {
    const { db, sent, names } = await openShop(shop);
    const result = await db.session(async (session) => {
      await session.query("INSERT INTO goods VALUES (1, 'tea')");
      await session.query("INSERT INTO goods VALUES (2, 'salt')");
      const [last] = await session.commit({ text: "INSERT INTO goods VALUES (3, 'rice') RETURNING name" });
      return last.rows;
    });
    expect(result).toEqual([{ name: "rice" }]);
    expect(await sent()).toHaveLength(3);
    expect(await names()).toEqual(["tea", "salt", "rice"]);
  });

  test("a last statement that fails is not committed, and nothing before it either", async () => {
    const { db, sent, names } = await openShop(shop);
    for (const last of ["INSERT INTO goods VALUES (1, 'x')", "INSERT INTO nowhere VALUES (1)", "INSERT INTO"]) {
      const work = db.session(async (session) => {
        await session.query("INSERT INTO goods VALUES (1, 'tea')");
        await session.commit("SELECT 1", last).catch(() => undefined);
        await session.query("INSERT INTO goods VALUES (2, 'late')");
      });
      await expect(work).rejects.toMatchObject({ code: expect.stringMatching(/ROLLBACK_ONLY|TRANSACTION_LOST/) });
      await sent();
      expect(await names()).toEqual([]);
    }
  });

  test("a last commit that the database refuses takes all back, and says why", async () => {
    const { db, names } = await openShop(shop);
    await db.query("CREATE TABLE part (goods INTEGER REFERENCES goods DEFERRABLE INITIALLY DEFERRED)");
    const work = db.session(async (session) => {
      await session.query("INSERT INTO goods VALUES (1, 'tea')");
      await session.commit("INSERT INTO part VALUES (7)");
    });
    await expect(work).rejects.toMatchObject({ code: "QUERY_FAILED", details: { kind: "foreign-key" } });
    expect(await names()).toEqual([]);
  });

  test("a last statement whose answer was lost is COMMIT_UNKNOWN", async () => {
    const { db, server, names } = await openShop(shop);
    await server.fail({ action: "drop-after", sql: "COMMIT" });
    const work = db.session(async (session) => {
      await session.query("INSERT INTO goods VALUES (1, 'tea')");
      await session.commit("INSERT INTO goods VALUES (2, 'salt')");
    });
    await expect(work).rejects.toMatchObject({ code: "COMMIT_UNKNOWN", outcome: "unknown" });
    expect(await names()).toEqual(["tea", "salt"]);
  });

  test("a statement that makes the database roll back leaves only a rollback: nothing runs on in autocommit", async () => {
    const { db, names } = await openShop(shop);
    const work = db.session(async (session) => {
      await session.query("INSERT INTO goods VALUES (1, 'tea')");
      const all = [
        session.query("INSERT OR ROLLBACK INTO goods VALUES (1, 'x')"),
        session.query("INSERT INTO goods VALUES (2, 'late')"),
      ];
      for (const { status } of await Promise.allSettled(all)) expect(status).toBe("rejected");
      await session.query("INSERT INTO goods VALUES (3, 'later')").catch(() => undefined);
      await session.query("INSERT INTO goods VALUES (4, 'last')");
    });
    await expect(work).rejects.toMatchObject({ code: "ROLLBACK_ONLY" });
    expect(await names()).toEqual([]);
  });

  test("a transaction that another writer took the lock from runs on nowhere", async () => {
    const { db, names } = await openShop({ ...shop, server: { profile, txnTimeoutMs: 40 } });
    const work = db.session(async (session) => {
      await session.query("INSERT INTO goods VALUES (1, 'old')");
      await db.autocommit.query("INSERT INTO goods VALUES (2, 'young')");
      await session.query("INSERT INTO goods VALUES (3, 'late')").catch(() => undefined);
      await session.query("INSERT INTO goods VALUES (4, 'later')");
    });
    await expect(work).rejects.toMatchObject({ code: "ROLLBACK_ONLY" });
    expect(await names()).toEqual(["young"]);
  });

  test("what fails in a nested transaction is taken back, and the rest is kept", async () => {
    const { db, names } = await openShop(shop);
    await db.session(async (session) => {
      await session.query("INSERT INTO goods VALUES (1, 'tea')");
      const inner = session.transaction((nested) => nested.query("INSERT INTO goods VALUES (1, 'x')"), {
        propagation: "nested",
      });
      await expect(inner).rejects.toMatchObject({ details: { kind: "unique" } });
      await session.query("INSERT INTO goods VALUES (2, 'salt')");
    });
    expect(await names()).toEqual(["tea", "salt"]);
  });

  test("ten sessions that write at once all come through, also where the server does not queue them", async () => {
    // The clock stands still: on a slow machine ten of them may take longer than the patience of one.
    vi.useFakeTimers({ toFake: ["Date"] });
    for (const busy of ["queue", "fail"] as const) {
      const { db, names } = await openShop({ ...shop, server: { profile, busy } });
      const write = (id: number): Promise<unknown> =>
        db.session((session) => session.query("INSERT INTO goods VALUES (?, ?)", [id, `${id}`]));
      await Promise.all(Array.from({ length: 10 }, (_, id) => write(id)));
      expect(await names()).toHaveLength(10);
    }
  });

  test("failures of the way are told as they are without the client", async () => {
    const { db, server, names } = await openShop({ ...shop, lostStreams: 0 });
    const insert = (): Promise<unknown> => db.query("INSERT INTO goods VALUES (1, 'tea')");
    await server.fail({ action: "status", status: 502, body: "Bad Gateway" });
    await expect(insert()).rejects.toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
    await server.fail({ action: "drop-before" });
    await expect(insert()).rejects.toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
    await server.fail({ action: "status", status: 429, times: 2 });
    await insert();
    await server.fail({ action: "truncate" });
    await expect(db.query("INSERT INTO goods VALUES (2, 'salt')")).rejects.toMatchObject({ outcome: "unknown" });
    expect(await names()).toEqual(["tea", "salt"]);
    const work = db.session(async (session) => {
      await session.query("INSERT INTO goods VALUES (3, 'rice')");
      await server.expireStreams();
      await session.query("INSERT INTO goods VALUES (4, 'corn')");
    });
    await expect(work).rejects.toMatchObject({ code: "CONNECTION_LOST", outcome: "not-executed", retryable: true });
    expect(await names()).toEqual(["tea", "salt"]);
  });

  test("a commit whose answer was lost is COMMIT_UNKNOWN", async () => {
    const { db, server, names } = await openShop(shop);
    await server.fail({ action: "drop-after", sql: "COMMIT" });
    const work = db.session((session) => session.query("INSERT INTO goods VALUES (1, 'tea')"), { retry: 2 });
    await expect(work).rejects.toMatchObject({ code: "COMMIT_UNKNOWN", outcome: "unknown" });
    expect(await names()).toEqual(["tea"]);
  });

  test("tokens are asked for again at a 401, and one that may only read is told so", async () => {
    const given = ["old-s3cret", "full-s3cret"];
    const { db, names } = await openShop({
      server: { profile, tokens },
      libsql: { createClient, authToken: () => given.shift()! },
    });
    await db.query("INSERT INTO goods VALUES (1, 'tea')");
    expect(await names()).toEqual(["tea"]);
    const reading = await openShop({
      server: { profile, tokens },
      libsql: { createClient, authToken: "reader-s3cret" },
    });
    await expect(reading.db.query("INSERT INTO goods VALUES (1, 'tea')")).rejects.toMatchObject({
      details: { kind: "permission" },
    });
  });

  test("in a list, the error names the statement, also where it cannot be parsed", async () => {
    const { db, names } = await openShop(shop);
    await expect(db.batch([add(1, "tea"), "SELEC 2"])).rejects.toMatchObject({
      details: { kind: "syntax", statementIndex: 1 },
    });
    await expect(db.batch([add(1, "tea"), add(2, "tea")])).rejects.toMatchObject({
      details: { kind: "unique", statementIndex: 1 },
    });
    expect(await names()).toEqual([]);
  });

  test("whoever gives up waits no longer, and nothing is left at the server", async () => {
    const { db, names } = await openShop({ ...shop, server: { profile, latencyMs: 80 } });
    const work = db.session(async (session) => {
      await session.query("INSERT INTO goods VALUES (1, 'tea')");
      await session.query("INSERT INTO goods VALUES (2, 'salt')", [], { timeoutMs: 15 });
    });
    await expect(work).rejects.toMatchObject({ code: "QUERY_TIMEOUT" });
    await db.dispose();
    expect(await names()).toEqual([]);
  });

  test("statements that it sends one by one are not sent any more when they are given up", async () => {
    const gate = deferred();
    const asked = deferred();
    const slow = async (url: string, init: RequestInit): Promise<Response> => {
      const response = await fetch(url, init);
      asked.resolve();
      await gate.promise;
      return response;
    };
    const { db, names } = await openShop({ ...shop, libsql: { createClient, fetch: slow } });
    const controller = new AbortController();
    const reason = new Error("gone");
    const insert = (session: Session, id: number) =>
      session.query("INSERT INTO goods VALUES (?, ?)", [id, `goods ${id}`]);
    const work = db.session((session) => Promise.all([1, 2, 3].map((id) => insert(session, id))), {
      transaction: false,
      signal: controller.signal,
    });
    await asked.promise;
    controller.abort(reason);
    await expect(work).rejects.toBe(reason);
    gate.resolve();
    await db.dispose();
    expect(await names()).toEqual(["goods 1"]);
  });

  test("an infinity is NaN, as the protocol has it, and what gave it is done", async () => {
    const { db, names } = await openShop(shop);
    const add = (id: number) => `INSERT INTO goods VALUES (${id}, ${id}) RETURNING 9e999 AS far, -9e999 AS near`;
    const given = [{ far: NaN, near: NaN }];
    expect((await db.query(add(1))).rows).toEqual(given);
    expect((await db.batch([add(2), add(3)])).map(({ rows }) => rows)).toEqual([given, given]);
    await db.session(async (session) => {
      expect((await session.query(add(4))).rows).toEqual(given);
      expect((await session.commit(add(5)))[0].rows).toEqual(given);
    });
    expect(await names()).toEqual(["1", "2", "3", "4", "5"]);
  });

  test("what gave an answer that the client cannot read may be done: its outcome is unknown", async () => {
    const fetch = async (...args: Parameters<typeof globalThis.fetch>): Promise<Response> =>
      new Response((await (await globalThis.fetch(...args)).text()).replace('"type":"text"', '"type":"odd"'));
    const { db, names } = await openShop({ ...shop, libsql: { createClient, fetch } });
    const add = (id: number) => `INSERT INTO goods VALUES (${id}, 'odd') RETURNING name`;
    await expect(db.query(add(1))).rejects.toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
    await expect(db.batch(["DELETE FROM goods", add(2)])).rejects.toMatchObject({ outcome: "unknown" });
    const committed = db.session(async (session) => {
      await session.query("DELETE FROM goods");
      await session.commit(add(3));
    });
    await expect(committed).rejects.toMatchObject({ code: "COMMIT_UNKNOWN", outcome: "unknown" });
    expect(await names()).toEqual(["odd"]);
  });

  test("what it cannot do is said before anything is sent", async () => {
    const { db, sent } = await openShop(shop);
    await expect(db.query("PRAGMA foreign_keys = OFF")).rejects.toMatchObject({
      code: "QUERY_FAILED",
      outcome: "not-executed",
    });
    const read = async (): Promise<void> => {
      for await (const row of db.stream("SELECT 1")) expect(row).toBeUndefined();
    };
    await expect(read()).rejects.toMatchObject({ code: "TRANSACTION_UNSUPPORTED" });
    expect(await sent()).toEqual([]);
  });
});

test("when a database is disposed of, no farewell of the client's is still on its way", async () => {
  const { db, server } = await openShop({ server: { latencyMs: 60 }, libsql: { createClient } });
  const work = db.session(async (session) => {
    await session.query("INSERT INTO goods VALUES (1, 'tea')");
    await server.fail({ action: "status", status: 502, sql: "salt" });
    await session.query("INSERT INTO goods VALUES (2, 'salt')");
  });
  await expect(work).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  await db.dispose();
  const before = await server.requests();
  expect(before.map(({ status }) => status)).not.toContain("open");
  await sleep(50);
  expect(await server.requests()).toHaveLength(before.length);
});
