// Reads are never older than what the same database has seen, behind a real replica too, and cost no request more.

import { AsyncLocalStorage } from "node:async_hooks";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { libsql } from "../../../src/adapters/libsql/index.ts";
import { asyncLocal, createDatabase, type Database, type DatabaseOptions } from "../../../src/index.ts";
import { hasSqld, type Sqld, startSqld } from "../../servers/sqld.ts";

const ROUNDS = 200;

describe.skipIf(!(await hasSqld()))("behind a replica of a real sqld", () => {
  let primary: Sqld;
  let replica: Sqld;
  beforeAll(async () => {
    primary = await startSqld();
    replica = await startSqld({ replicates: primary });
  });
  afterAll(async () => {
    await replica?.stop();
    await primary?.stop();
  });

  /** A database at the replica, with a table of its own that holds one row, and what it has sent. */
  async function open(
    options: Partial<DatabaseOptions> = {},
  ): Promise<{ db: Database; bodies: string[]; table: string }> {
    const bodies: string[] = [];
    const spy: typeof fetch = (url, init) => {
      bodies.push(String(init?.body));
      return fetch(url, init);
    };
    const table = `t${Math.random().toString(36).slice(2)}`;
    const context = asyncLocal(AsyncLocalStorage);
    const db = createDatabase(replica.url, { adapters: [libsql({ fetch: spy })], context, ...options });
    onTestFinished(() => db.dispose());
    await db.batch([`CREATE TABLE ${table} (n)`, `INSERT INTO ${table} VALUES (0)`]);
    bodies.length = 0;
    return { db, bodies, table };
  }

  test("200 of 200 reads see the write before them, at a request each", async () => {
    const { db, bodies, table } = await open();
    const read = db.sql.raw(`SELECT n FROM ${table}`);
    for (let n = 1; n <= ROUNDS; n++) {
      await db.query(`UPDATE ${table} SET n = ?`, [n]);
      expect((await db.query<{ n: number }>(read)).rows).toEqual([{ n }]);
    }
    expect(bodies).toHaveLength(2 * ROUNDS);
  });

  test("so do sessions, those that only read, streams and lists", async () => {
    const { db, table } = await open();
    const read = db.sql.raw(`SELECT n FROM ${table}`);
    for (let n = 1; n <= 20; n++) {
      await db.session((session) => session.query(`UPDATE ${table} SET n = ?`, [n]));
      const once = (options: object): Promise<unknown> => db.session((session) => session.query(read), options);
      expect(await once({ accessMode: "read only" })).toMatchObject({ rows: [{ n }] });
      await db.query(`UPDATE ${table} SET n = n + 0.5`);
      expect(await once({ transaction: false })).toMatchObject({ rows: [{ n: n + 0.5 }] });
      await db.query(`UPDATE ${table} SET n = ?`, [n]);
      const rows: unknown[] = [];
      for await (const row of db.stream(read)) rows.push(row);
      expect(rows).toEqual([{ n }]);
      await db.query(`UPDATE ${table} SET n = n + 1`);
      expect((await db.batch([read, read]))[1].rows).toEqual([{ n: n + 1 }]);
    }
  });

  test("what one reader has seen, no later one sees older: the highest counts", async () => {
    const { db, bodies, table } = await open();
    await db.query(`UPDATE ${table} SET n = 1`);
    await db.query(`SELECT n FROM ${table}`);
    const wanted = bodies.flatMap((body) => /"replication_index":"(\d+)"/.exec(body)?.[1] ?? []);
    expect(wanted).toHaveLength(1);
    await db.query(`SELECT n FROM ${table}`);
    expect(bodies.at(-1)).toContain(`"replication_index":"${wanted[0]}"`);
  });

  test("`fresh: false` waits for nothing, for a session and as a default", async () => {
    const { db, bodies, table } = await open();
    const { db: other, bodies: sent, table: own } = await open({ defaults: { fresh: false } });
    await other.query(`UPDATE ${own} SET n = 1`);
    // The replica may be behind, and have no such table yet: what comes after all of that is waited for, once.
    await db.query(`UPDATE ${table} SET n = 1`);
    await db.query(`SELECT n FROM ${table}`);
    bodies.length = 0;
    await db.session((session) => session.query(`SELECT n FROM ${table}`), { fresh: false });
    await other.query(`SELECT n FROM ${own}`);
    for await (const _ of other.stream(`SELECT n FROM ${own}`)) continue;
    expect([...bodies, ...sent].filter((body) => body.includes("replication_index"))).toEqual([]);
  });

  describe("an index that the database never had", () => {
    /** A database whose first answer is told to be of a later index. */
    const openAhead = ({ url }: Sqld): Database => {
      let isFirst = true;
      const ahead: typeof fetch = async (input, init) => {
        const text = await (await fetch(input, init)).text();
        const told = isFirst ? text.replace(/"replication_index":"\d+"/, '"replication_index":"999999"') : text;
        isFirst = false;
        return new Response(told);
      };
      const context = asyncLocal(AsyncLocalStorage);
      const db = createDatabase(url, { adapters: [libsql({ fetch: ahead })], context });
      onTestFinished(() => db.dispose());
      return db;
    };

    test("a replica is not waited for for ever: the read fails, and may be done again", async () => {
      const db = openAhead(replica);
      await db.query("SELECT 1");
      const read = db.query("SELECT 2");
      await expect(read).rejects.toMatchObject({
        code: "QUERY_FAILED",
        details: { kind: "busy", sql: "SELECT 2" },
        retryable: true,
        outcome: "not-executed",
      });
      expect(db.stats().idle).toBe(0);
      expect((await db.session((session) => session.query("SELECT 3 AS n"), { fresh: false })).rows).toEqual([
        { n: 3 },
      ]);
      await expect(db.query("SELECT 4", [], { timeoutMs: 50 })).rejects.toMatchObject({ code: "QUERY_TIMEOUT" });
    });

    test("a primary says what is so", async () => {
      const db = openAhead(primary);
      await db.query("SELECT 1");
      for (let n = 0; n < 3; n++) expect((await db.query("SELECT 2 AS n")).rows).toEqual([{ n: 2 }]);
    });
  });

  test("a write asks for nothing: the primary answers it", async () => {
    const { db, bodies, table } = await open();
    await db.query(`UPDATE ${table} SET n = 1`);
    await db.session(async (session) => {
      await session.query(`UPDATE ${table} SET n = 2`);
      await session.query(`SELECT n FROM ${table}`);
    });
    expect(bodies.filter((body) => body.includes("replication_index"))).toEqual([]);
  });
});
