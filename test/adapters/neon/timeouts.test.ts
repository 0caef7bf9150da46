// Timeouts that Neon drops at the login, and what PostgreSQL does with a COMMIT that cannot be.

import { expect, test } from "vitest";
import { neon } from "../../../src/adapters/neon/index.ts";
import type { Step } from "../../../src/contract/adapter.ts";
import { BEGIN, COMMIT, ROLLBACK } from "../../../src/integrations/adapter-contract/fixture.ts";
import { driver } from "./driver.ts";
import { openShop } from "./shop.ts";
import { optionsFor } from "./target.ts";

test.each(["statement_timeout=100", "options=-c%20statement_timeout%3D100"])(
  "a statement timeout of the URL is enforced in every transport: %s",
  async (parameter) => {
    for (const transport of ["http", "ws", "auto"] as const) {
      const { db } = await openShop({ neon: { transport }, url: (url) => `${url}&${parameter}` });
      const timeout = {
        code: "QUERY_FAILED",
        details: { kind: "timeout", dialectCode: "57014", sql: "SELECT pg_sleep(9)" },
      };
      await expect(db.autocommit.query("SELECT pg_sleep(9)")).rejects.toMatchObject(timeout);
      if (transport === "http") continue;
      await expect(db.session((session) => session.query("SELECT pg_sleep(9)"))).rejects.toMatchObject(timeout);
    }
  },
);

test("a lock that is not had in time is busy, and may be asked for again", async () => {
  const { db } = await openShop({ url: (url) => `${url}&lock_timeout=100` });
  await db.autocommit.query("INSERT INTO goods VALUES (1, 'tea')");
  await db.session(async (session) => {
    await session.query("UPDATE goods SET name = 'green tea'");
    const other = db.session((second) => second.query("UPDATE goods SET name = 'black tea'"));
    await expect(other).rejects.toMatchObject({ retryable: true, details: { kind: "busy", dialectCode: "55P03" } });
  });
});

test("a COMMIT that PostgreSQL answers with ROLLBACK is no success", async () => {
  const { server, names } = await openShop();
  const adapter = neon(optionsFor(driver, server, { transport: "ws" })).create({ url: server.url, folder: "" });
  const connection = await adapter.open({ url: server.url, signal: new AbortController().signal });
  const query = (text: string): Step => ({ kind: "query", statement: { text }, guarded: true, onError: "continue" });
  await connection.send({ steps: [BEGIN, query("INSERT INTO goods VALUES (1, 'tea')"), query("SELECT 1 / 0")] });
  expect(connection.state).toBe("failed");
  const [outcome] = await connection.send({ steps: [COMMIT] });
  expect(outcome).toMatchObject({ status: "failed", error: { code: "TRANSACTION_LOST" } });
  expect(connection.state).toBe("idle");
  expect(await connection.send({ steps: [ROLLBACK] })).toMatchObject([{ status: "done" }]);
  expect(await names()).toEqual([]);
  await connection.close();
});

test("what is put off to the end of a statement of its own fails that statement", async () => {
  for (const transport of ["http", "ws"] as const) {
    const { db, server, names } = await openShop({ neon: { transport } });
    await server.query("ALTER TABLE goods ADD parent int REFERENCES goods DEFERRABLE INITIALLY DEFERRED");
    const orphan = db.autocommit.query("INSERT INTO goods VALUES (1, 'tea', 99)");
    await expect(orphan).rejects.toMatchObject({ code: "QUERY_FAILED", details: { kind: "foreign-key" } });
    expect(await names()).toEqual([]);
  }
});

test("a login that is not pipelined works too, and takes two round trips more", async () => {
  const { db, flights } = await openShop({ neon: { transport: "ws", neonConfig: { pipelineConnect: false } } });
  expect((await db.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  expect(await flights()).toBe(4);
});

test("whatever a WebSocket throws becomes a typed error", async () => {
  class Mute extends EventTarget {
    binaryType = "";
    constructor() {
      super();
      // Chromium says no more than this about a refused upgrade.
      queueMicrotask(() => {
        this.dispatchEvent(new Event("error"));
        this.dispatchEvent(new Event("close"));
      });
    }
    close(): void {}
    send(): void {}
  }
  class Throwing extends Mute {
    constructor() {
      super();
      throw new TypeError("Invalid URL: ws://…npg_secret…");
    }
  }
  for (const webSocketConstructor of [Mute, Throwing]) {
    const { db } = await openShop({
      neon: { neonConfig: { webSocketConstructor, fetchFunction: fetch, useSecureWebSocket: false } },
    });
    const error: unknown = await db.session((session) => session.query("SELECT 1")).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "CONNECT_FAILED", outcome: "not-executed" });
    expect(`${(error as Error).message} ${String((error as Error).cause)}`).not.toContain("npg_secret");
  }
});

test("how long a transaction may wait is the URL's to say, else the option's; a stream of its own has it too", async () => {
  const idle = "SHOW idle_in_transaction_session_timeout";
  const told = async (neonOptions: object, parameter = ""): Promise<unknown[]> => {
    const { db } = await openShop({ neon: neonOptions, url: (url) => url + parameter });
    const seen = [Object.values((await db.session((session) => session.query(idle))).rows[0]!)[0]];
    for await (const row of db.autocommit.stream("SELECT current_setting('idle_in_transaction_session_timeout') AS t"))
      seen.push(row["t"]);
    return seen;
  };
  expect(await told({})).toEqual(["1min", "1min"]);
  expect(await told({ idleInTransactionMs: 7_000 })).toEqual(["7s", "7s"]);
  expect(await told({}, "&idle_in_transaction_session_timeout=9000")).toEqual(["9s", "9s"]);
  expect(await told({ idleInTransactionMs: 0 })).toEqual(["0", "0"]);
});
