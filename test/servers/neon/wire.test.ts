// What the server answers to Neon's own driver, as facts of the proxy's source tell it.

import { describe, expect, test } from "vitest";
import { PATIENCE } from "../patience.ts";
import { failureOf, post, RAW, startWire } from "./wire-client.ts";

test("both versions answer over HTTP and over a WebSocket", async () => {
  for (const version of [15, 18] as const) {
    const { sql, connect } = await startWire({ version });
    const { client } = await connect();
    const [overHttp] =
      await sql`SELECT current_setting('server_version_num')::int / 10000 AS major, current_user AS who`;
    const overSocket = await client.query(
      "SELECT current_setting('server_version_num')::int / 10000 AS major, current_user AS who",
    );
    await client.end();
    expect(overHttp).toEqual({ major: version, who: "neondb_owner" });
    expect(overSocket.rows).toEqual([overHttp]);
  }
});

describe("POST /sql", () => {
  test("gives fields, rows as texts, command and count, as rows of arrays or of objects", async () => {
    const { server, sql } = await startWire();
    await server.query("CREATE TABLE t (id int PRIMARY KEY, name varchar(20), tags text[])");
    await sql`INSERT INTO t VALUES (1, 'one', ${["a", "b"]}), (2, NULL, NULL)`;
    const answer = await post(server, { query: "SELECT * FROM t WHERE id < $1", params: [3] }, RAW);
    expect(answer.body).toEqual({
      fields: [field("id", 23, 1, 4, -1), field("name", 1043, 2, -1, 24), field("tags", 1009, 3, -1, -1)].map(
        (each) => ({ ...each, tableID: expect.any(Number) as number }),
      ),
      rows: [
        ["1", "one", "{a,b}"],
        ["2", null, null],
      ],
      command: "SELECT",
      rowCount: 2,
      rowAsArray: true,
    });
    const objects = await post(server, { query: "SELECT id, true AS yes FROM t", arrayMode: false }, RAW);
    expect(objects.body["rows"]).toEqual([
      { id: "1", yes: "t" },
      { id: "2", yes: "t" },
    ]);
    const cooked = await post(server, {
      query: "SELECT id, true AS yes, 1.5::float8 AS half, '[1]'::json AS list FROM t",
    });
    expect((cooked.body["rows"] as unknown[])[0]).toEqual({ id: 1, yes: true, half: 1.5, list: [1] });
    const created = await post(server, { query: "CREATE TABLE u ()" }, RAW);
    expect(created.body).toMatchObject({ command: "CREATE", rowCount: null, rows: [], fields: [] });
    const inserted = await post(server, { query: "INSERT INTO t VALUES (3)" }, RAW);
    expect(inserted.body).toMatchObject({ command: "INSERT", rowCount: 1 });
    const empty = await post(server, { query: "" }, RAW);
    expect(empty.body).toMatchObject({ command: "", rowCount: null });
  });

  test("turns JSON values into PostgreSQL's texts", async () => {
    const { server } = await startWire();
    const params = [1.5, true, null, { a: [1] }, [1, null, "x,y"], [[1], [2]]];
    const query = "SELECT $1::float8, $2::bool, $3::text, $4::jsonb, $5::text[], $6::int[]";
    const { body } = await post(server, { query, params }, RAW);
    expect(body["rows"]).toEqual([["1.5", "t", null, '{"a": [1]}', '{1,NULL,"x,y"}', "{{1},{2}}"]]);
  });

  test("a batch is one transaction, with its isolation, and tells what it was", async () => {
    const { server, sql } = await startWire();
    await server.query("CREATE TABLE t (id int PRIMARY KEY)");
    const options = { isolationLevel: "Serializable", readOnly: true, deferrable: true } as const;
    const settings = ["isolation", "read_only", "deferrable"].map((name) => sql.query(`SHOW transaction_${name}`));
    const shown = await sql.transaction(settings, options);
    expect(shown.flatMap((rows) => Object.values(rows[0]!))).toEqual(["serializable", "on", "on"]);
    const refused = await failureOf(sql.transaction([sql`INSERT INTO t VALUES (1)`], { readOnly: true }));
    expect(refused).toMatchObject({ code: "25006" });
    const twice = await failureOf(sql.transaction([sql`INSERT INTO t VALUES (1)`, sql`INSERT INTO t VALUES (1)`]));
    expect(twice).toMatchObject({
      code: "23505",
      table: "t",
      constraint: "t_pkey",
      schema: "public",
      severity: "ERROR",
    });
    expect(await sql`SELECT * FROM t`).toEqual([]);
    await sql.transaction([sql`INSERT INTO t VALUES (1)`, sql`INSERT INTO t VALUES (2)`]);
    expect(await sql`SELECT * FROM t`).toHaveLength(2);
    expect((await post(server, { queries: [] }, RAW)).body).toEqual({ results: [] });
    const batch = { queries: [{ query: "SELECT 1" }] };
    const echoed = await post(server, batch, { ...RAW, "neon-batch-isolation-level": "RepeatableRead" });
    expect(echoed.headers.get("neon-batch-isolation-level")).toBe("RepeatableRead");
    const wrong = await post(server, batch, { ...RAW, "neon-batch-isolation-level": "repeatable read" });
    expect([wrong.status, wrong.body["message"]]).toEqual([400, "invalid isolation level"]);
  });

  test("an error has every field of PostgreSQL's, and null where there is none", async () => {
    const { server } = await startWire();
    const { status, body } = await post(server, { query: "SELECT nothing" }, RAW);
    expect(status).toBe(400);
    expect(body).toEqual({
      message: 'column "nothing" does not exist',
      code: "42703",
      detail: null,
      hint: null,
      position: "8",
      internalPosition: null,
      internalQuery: null,
      severity: "ERROR",
      where: null,
      table: null,
      column: null,
      schema: null,
      dataType: null,
      constraint: null,
      file: "parse_relation.c",
      line: expect.any(String) as string,
      routine: "errorMissingColumn",
    });
  });

  test("takes one statement a text, and no COPY", async () => {
    const { server, sql } = await startWire();
    expect(await failureOf(sql`SELECT 1; SELECT 2`)).toMatchObject({ code: "42601" });
    await server.query("CREATE TABLE t (id int)");
    for (const query of ["COPY t TO STDOUT", "COPY t FROM STDIN"]) {
      expect((await post(server, { query }, RAW)).body).toMatchObject({
        message: "unexpected message from server",
        code: null,
      });
    }
    expect(await sql`SELECT 1 AS one`).toEqual([{ one: 1 }]);
  });

  test("nothing of a borrower reaches the next one, who gets the same connection", async () => {
    const { server, sql } = await startWire();
    await server.query("CREATE SEQUENCE s; CREATE TABLE t (id int)");
    const leftovers = [
      ["SET search_path = nowhere", "SELECT current_setting('search_path')", '"$user", public'],
      ["CREATE TEMP TABLE mine (id int)", "SELECT to_regclass('pg_temp.mine')", null],
      ["SELECT pg_advisory_lock(1)", "SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory'", 0],
      ["PREPARE p AS SELECT 1", "SELECT count(*)::int FROM pg_prepared_statements WHERE name = 'p'", 0],
      ["LISTEN l", "SELECT count(*)::int FROM pg_listening_channels()", 0],
      ["DECLARE c CURSOR WITH HOLD FOR SELECT 1", "SELECT count(*)::int FROM pg_cursors WHERE name = 'c'", 0],
    ] as const;
    for (const [leave, look, clean] of leftovers) {
      await sql.query(leave);
      expect(Object.values((await sql.query(look))[0]!), leave).toEqual([clean]);
    }
    await sql`BEGIN`;
    await sql`INSERT INTO t VALUES (1)`;
    expect(await server.query("SELECT id FROM t")).toEqual([{ id: "1" }]);
    await sql`SELECT nextval('s')`;
    expect(await failureOf(sql`SELECT lastval()`)).toMatchObject({ code: "55000" });
    expect((await server.counts()).backendsOpened).toBe(1);
    // A query that fails alone takes its connection with it.
    await sql`SELECT 1`;
    expect((await server.counts()).backendsOpened).toBe(2);
  });

  test("a client that hangs up has its query cancelled", async () => {
    const { server, sql } = await startWire();
    const leaving = new AbortController();
    const sleeping = failureOf(sql.query("SELECT pg_sleep(600)", [], { fetchOptions: { signal: leaving.signal } }));
    await expect
      .poll(async () => (await server.open()).backends.map(({ state }) => state), PATIENCE)
      .toContain("active");
    leaving.abort();
    await sleeping;
    expect(await server.leaks()).toEqual([]);
  });
});

function field(
  name: string,
  dataTypeID: number,
  columnID: number,
  dataTypeSize: number,
  dataTypeModifier: number,
): Record<string, unknown> {
  return { name, dataTypeID, columnID, dataTypeSize, dataTypeModifier, format: "text" };
}
