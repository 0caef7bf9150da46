import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { libsql } from "../../../src/adapters/libsql/index.ts";
import { createDatabase, pools } from "../../../src/index.ts";
import { openShop, PROFILES } from "./shop.ts";

const tokens = { "full-s3cret": "full", "reader-s3cret": "read-only" } as const;

describe.each(PROFILES)("at %s", (profile) => {
  test("a token is asked for once a connection, and once more when the server does not know it", async () => {
    const given = ["old-s3cret", "full-s3cret"];
    const { db, server, sent } = await openShop({
      server: { profile, tokens },
      libsql: { authToken: async () => given.shift()! },
    });
    await db.query("SELECT 1");
    expect(await sent()).toHaveLength(2);
    expect(given).toEqual([]);
    await db.query("SELECT 2");
    expect((await server.requests()).map(({ authorization }) => authorization)).toEqual(["Bearer full-s3cret"]);
  });

  test("a token that changes in the middle of a transaction changes nothing else", async () => {
    const given = ["full-s3cret", "full-s3cret"];
    const { db, server, names } = await openShop({
      server: { profile, tokens },
      libsql: { authToken: () => given.shift()! },
    });
    await db.session(async (session) => {
      await session.query("INSERT INTO goods VALUES (1, 'tea')");
      await server.fail({ action: "status", status: 401 });
      await session.query("INSERT INTO goods VALUES (2, 'salt')");
    });
    expect(await names()).toEqual(["tea", "salt"]);
  });

  test("a wrong token is AUTH_FAILED; no error, no pool and no connection shows it", async () => {
    const { db, server } = await openShop({ server: { profile, tokens }, libsql: { authToken: "wrong-s3cret" } });
    const error = await db.query("SELECT 1").catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "AUTH_FAILED", outcome: "not-executed", retryable: false });
    const echo = JSON.stringify({ error: "no such token: wrong-s3cret" });
    await server.fail({ action: "status", status: 401, body: echo, contentType: "application/json" });
    await expect(db.query("SELECT 1")).rejects.toThrow("no such token: …");
    const inUrl = createDatabase(`${server.url}?authToken=full-s3cret`, { adapters: [libsql()] });
    await inUrl.session(async (session) => {
      await session.query("SELECT 1");
      const connection = await session.getConnection();
      const shown = [error, pools(), inUrl, connection, connection.raw].map((value) =>
        inspect(value, { depth: 9, showHidden: true }),
      );
      expect(shown.join("\n")).not.toContain("s3cret");
    });
    await inUrl.dispose();
  });

  test("a token that may only read is told so when it writes, and nothing was written", async () => {
    const { db, names } = await openShop({ server: { profile, tokens }, libsql: { authToken: "reader-s3cret" } });
    expect((await db.query("SELECT * FROM goods")).rows).toEqual([]);
    const work = db.session(async (session) => {
      await session.query("SELECT 1");
      await session.query("INSERT INTO goods VALUES (1, 'tea')");
    });
    await expect(work).rejects.toMatchObject({
      code: "QUERY_FAILED",
      outcome: "not-executed",
      details: { kind: "permission" },
    });
    expect(await names()).toEqual([]);
  });

  test.each(["to\nken", "tok\u200ben"])(
    "a token that no header can have is told before anything is sent",
    async (bad) => {
      for (const authToken of [bad, () => bad]) {
        const { db, sent } = await openShop({ server: { profile, tokens }, libsql: { authToken } });
        const refused = { code: "AUTH_FAILED", outcome: "not-executed", retryable: false };
        await expect(db.query("INSERT INTO goods VALUES (1, 'tea')")).rejects.toMatchObject(refused);
        expect(await sent()).toEqual([]);
      }
    },
  );

  test("what gives the token may fail, and its error is the cause", async () => {
    const cause = new Error("vault is shut");
    const { db } = await openShop({ server: { profile, tokens }, libsql: { authToken: () => Promise.reject(cause) } });
    await expect(db.query("SELECT 1")).rejects.toMatchObject({ code: "AUTH_FAILED", cause });
  });
});
