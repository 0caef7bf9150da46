// What went wrong on the way, and whether the work may be done again: the table of the facts, one failure after another.

import { describe, expect, test as runnable } from "vitest";
import { libsql } from "../../../src/adapters/libsql/index.ts";
import { createDatabase, type DbError, isDbError } from "../../../src/index.ts";
import { type Fault, startLibsqlServer } from "../../servers/libsql/libsql-server.ts";
import { PATIENCE } from "../../servers/patience.ts";
import { add, openShop, PROFILES, SERVERS } from "./shop.ts";

type Told = Pick<DbError, "code" | "outcome" | "retryable">;

const lost = { code: "CONNECTION_LOST", outcome: "unknown", retryable: true } as const;
const notExecuted = { outcome: "not-executed", retryable: false } as const;

/** A fault that meets the first write of a session, what is told, whether it was executed, and streams left to expire. */
const cases: readonly (readonly [name: string, fault: Fault, told: Told, isExecuted: boolean, lostStreams: number])[] =
  [
    ["a reset before anything was executed", { action: "drop-before" }, lost, false, 0],
    ["a reset after all was executed", { action: "drop-after" }, lost, true, 0],
    ["half an answer", { action: "truncate" }, lost, true, 0],
    ["an answer that is no JSON", { action: "status", status: 200, body: "<html>" }, lost, false, 0],
    ...["null", '"text"', '{"results":[null,null]}', '{"results":[{"type":"ok"},{"type":"ok"}]}'].map(
      (body) => [`an answer of ${body}`, { action: "status", status: 200, body }, lost, false, 0] as const,
    ),
    ["a bad gateway", { action: "status", status: 502, body: "Bad Gateway" }, lost, false, 0],
    ["a time-out of the server's", { action: "status", status: 408 }, lost, false, 0],
    [
      "a baton that was used",
      { action: "status", status: 400, body: "Received a baton that has already been used" },
      lost,
      false,
      0,
    ],
    ["a body that is too large", { action: "status", status: 413 }, { code: "QUERY_FAILED", ...notExecuted }, false, 0],
    [
      "no permission",
      { action: "status", status: 403, body: '{"error":"forbidden"}' },
      { code: "QUERY_FAILED", ...notExecuted },
      false,
      0,
    ],
    ["a token that is not known", { action: "status", status: 401 }, { code: "AUTH_FAILED", ...notExecuted }, false, 0],
  ];

describe.each(SERVERS)("at $name", ({ options, isCloud }) => {
  const test = runnable.skipIf(!options);

  test.each(cases)("%s is told for what it is, in autocommit", async (_, fault, told, isExecuted, lostStreams) => {
    const { db, server, names } = await openShop({
      server: options!,
      lostStreams: !isCloud && isExecuted ? 1 : lostStreams,
    });
    await server.fail({ ...fault, sql: "INSERT" });
    const { text, params } = add(1, "tea");
    await expect(db.query(text, params)).rejects.toMatchObject(told);
    expect(await names()).toEqual(isExecuted ? ["tea"] : []);
    expect(await db.query("SELECT 1")).toBeDefined();
  });

  test.each(cases)("%s in the middle of a transaction takes it back", async (_, fault, told, isExecuted) => {
    const { db, server, names } = await openShop({ server: options! });
    await server.fail({ ...fault, sql: "INSERT" });
    const work = db.session(async (session) => {
      await session.query("SELECT 1");
      const { text, params } = add(1, "tea");
      await expect(session.query(text, params)).rejects.toMatchObject(told);
      await expect(session.query("SELECT 2")).rejects.toMatchObject({ code: "TRANSACTION_LOST" });
      throw new Error("mine");
    });
    await expect(work).rejects.toThrow("mine");
    if (isExecuted) await server.expireStreams();
    expect(await names()).toEqual([]);
    expect(await db.query("SELECT 1")).toBeDefined();
  });

  test("reads whose answer was lost are asked again on another connection, and nobody sees it", async () => {
    const { db, server } = await openShop({ server: options!, lostStreams: isCloud ? 1 : 2 });
    await db.query("SELECT 1");
    await server.fail({ action: "drop-after" });
    expect((await db.query("SELECT 2 AS two")).rows).toEqual([{ two: 2 }]);
    await server.fail({ action: "drop-after" });
    const read = await db.session((session) => session.query("SELECT 3 AS three"));
    expect(read.rows).toEqual([{ three: 3 }]);
  });

  test("a commit whose answer was lost is told as such, and not done again", async () => {
    const { db, server, names, sent } = await openShop({
      server: options!,
      lostStreams: isCloud ? 0 : 1,
    });
    await server.fail({ action: "drop-after", sql: "COMMIT" });
    const { text, params } = add(1, "tea");
    const work = db.session((session) => session.query(text, params), { retry: 3 });
    await expect(work).rejects.toMatchObject({ code: "COMMIT_UNKNOWN", outcome: "unknown" });
    expect((await sent()).filter((types) => types !== "close")).toHaveLength(2);
    expect(await names()).toEqual(["tea"]);
  });

  test("a server that is not there is told before anything is executed, and nobody waits for it", async () => {
    const { db, server } = await openShop({ server: options! });
    await server.forgetStreams();
    await server.fail({ action: "status", status: 404, times: 2 });
    const error = await db.query("SELECT 1").catch((thrown: unknown) => thrown);
    expect(isDbError(error, "CONNECT_FAILED") && error.outcome).toBe("not-executed");
  });
});

describe.each(PROFILES)("at %s", (profile) => {
  runnable("an answer beyond ten megabytes fails its statement; a stream reads it", async () => {
    const { db } = await openShop({ server: { profile, maxResponseBytes: 50_000 } });
    const text = "SELECT zeroblob(40000) AS bytes UNION ALL SELECT zeroblob(40000)";
    await db.session(async (session) => {
      const [large, small] = await Promise.allSettled([session.query(text), session.query("SELECT 1 AS one")]);
      expect(large).toMatchObject({
        status: "rejected",
        reason: { code: "QUERY_FAILED", outcome: "executed", details: { dialectCode: "RESPONSE_TOO_LARGE" } },
      });
      expect(small).toMatchObject({ status: "fulfilled", value: { rows: [{ one: 1 }] } });
      let rows = 0;
      for await (const { bytes } of session.stream<{ bytes: Uint8Array }>(text)) rows += bytes.length / 40_000;
      expect(rows).toBe(2);
    });
  });

  runnable("a list whose answer is too large is taken back whole", async () => {
    const { db, names } = await openShop({ server: { profile, maxResponseBytes: 50_000 } });
    await expect(db.batch([add(1, "tea"), "SELECT zeroblob(90000)", add(2, "salt")])).rejects.toMatchObject({
      code: "QUERY_FAILED",
      outcome: "not-executed",
    });
    await expect.poll(names, PATIENCE).toEqual([]);
  });
});

runnable("a server that refuses connections is told before anything is executed", async () => {
  const server = await startLibsqlServer();
  await server.stop();
  const db = createDatabase(server.url, { adapters: [libsql()] });
  const told = { code: "CONNECT_FAILED", outcome: "not-executed", retryable: true };
  await expect(db.autocommit.query("SELECT 1")).rejects.toMatchObject(told);
  await expect(db.session((session) => session.query("SELECT 1"))).rejects.toMatchObject(told);
  await db.dispose();
});
