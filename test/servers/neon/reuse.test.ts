// To make a database costs as much as a dozen tests, so those of servers that have ended are used again: as new, whatever
// was done to them.

import { Client, neon, neonConfig } from "@neondatabase/serverless";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { PostgresVersion } from "./options.ts";
import { type RunningServer, startNeonServer } from "./server.ts";

/** What somebody could do as the owner, in words, and how. */
const DEEDS: Readonly<Record<string, string>> = {
  "tables, sequences, functions, types and schemas": `
    CREATE TABLE goods (number serial PRIMARY KEY, name text); INSERT INTO goods (name) VALUES ('tea');
    CREATE TYPE kind AS ENUM ('a'); CREATE SCHEMA shop; CREATE VIEW shop.all AS SELECT * FROM goods;
    CREATE FUNCTION shop.one() RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT lo_create(0)`,
  "an extension": "CREATE EXTENSION pgcrypto",
  "default privileges": "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
  "who may do what in the schema public":
    "GRANT CREATE ON SCHEMA public TO PUBLIC; REVOKE USAGE ON SCHEMA public FROM PUBLIC",
  "no schema public": "DROP SCHEMA public",
  "a setting of the database":
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = ''1MB''', current_database()); END $$",
  "who may connect": `DO $$ BEGIN EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT 1', current_database()); END $$`,
  "a setting of the role here":
    "DO $$ BEGIN EXECUTE format('ALTER ROLE neondb_owner IN DATABASE %I SET work_mem = ''1MB''', current_database()); END $$",
};

/** The same, where all databases of a PostgreSQL are concerned: it has no further servers then. */
const SHARED_DEEDS: Readonly<Record<string, string>> = {
  "a setting of the role": "ALTER ROLE neondb_owner SET search_path = nowhere",
  "another password": "ALTER ROLE neondb_owner PASSWORD 'changed'",
  "another role, with what it owns": `CREATE ROLE visitor; GRANT visitor TO neondb_owner; CREATE SCHEMA theirs AUTHORIZATION visitor`,
  "another database": "CREATE DATABASE beside",
};

describe.each([15, 18] as const)("on PostgreSQL %i", (version) => {
  test("a server finds the database of one that has ended, and nothing of it", async () => {
    const before = await visit(version);
    expect(await visit(version)).toEqual(before);
  });

  test("servers that start and end at once have a database each", async () => {
    const seen = await Promise.all([1, 2, 3, 4].map(() => visit(version)));
    expect(new Set(seen.map(({ name }) => name)).size).toBe(4);
  });

  const deeds = version === 18 ? { ...DEEDS, ...SHARED_DEEDS } : DEEDS;
  test.each(Object.entries(deeds))("what one has left is not there for the next: %s", async (_, deed) => {
    const { name: _before, ...before } = await visit(version);
    await visit(version, (server) => server.query(deed));
    expect(await visit(version)).toMatchObject(before);
  });

  test("nor is a session that was never ended: locks, prepared statements, temporary tables, a listener", async () => {
    const before = await visit(version);
    await visit(version, async (server) => {
      const client = new Client(server.url);
      client.on("error", () => {});
      client.neonConfig.wsProxy = () => server.wsProxy;
      client.neonConfig.useSecureWebSocket = false;
      client.neonConfig.webSocketConstructor = WebSocket;
      await client.connect();
      await client.query("SELECT pg_advisory_lock(1)");
      await client.query("PREPARE p AS SELECT 1; CREATE TEMP TABLE t (n serial); LISTEN news; SET app.mine = 1");
      await client.query("BEGIN; CREATE TABLE undone (n int); SELECT pg_advisory_xact_lock(2)");
    });
    expect(await visit(version)).toEqual(before);
  });
});

/** Starts a server, tells what is there, does something, and ends it. */
async function visit(
  version: PostgresVersion,
  work: (server: RunningServer) => unknown = () => undefined,
): Promise<Record<string, unknown>> {
  const server = await startNeonServer({ version });
  try {
    const seen = await look(server);
    await work(server);
    return seen;
  } finally {
    await server.stop();
  }
}

async function look(server: RunningServer): Promise<Record<string, unknown>> {
  const here = "(SELECT oid FROM pg_database WHERE datname = current_database())";
  const list = async (sql: string): Promise<unknown[]> =>
    (await server.query(sql)).map((row) => Object.values(row).join(" "));
  neonConfig.fetchEndpoint = () => server.fetchEndpoint;
  return {
    name: server.database.name,
    // That the password is right is seen, too.
    path: (
      await neon(server.url)`SELECT current_setting('search_path') AS path, current_setting('work_mem') AS mine`
    )[0],
    objects: await list("SELECT classid::regclass, objid FROM pg_depend WHERE objid >= 16384"),
    owned: await list(`SELECT classid::regclass, objid FROM pg_shdepend WHERE dbid = ${here}`),
    schemas: await list(
      "SELECT nspname, nspowner::regrole, nspacl FROM pg_namespace WHERE nspname !~ 'temp_' ORDER BY 1",
    ),
    extensions: await list("SELECT extname FROM pg_extension ORDER BY 1"),
    database: await list(`SELECT datdba::regrole, datacl, datconnlimit FROM pg_database WHERE oid = ${here}`),
    settings: await list(
      `SELECT setrole::regrole, setconfig FROM pg_db_role_setting WHERE setdatabase IN (0, ${here})`,
    ),
    roles: await list("SELECT rolname, rolconnlimit FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1"),
    databases: await list("SELECT datname FROM pg_database WHERE datname !~ '^neondb_' ORDER BY 1"),
    locks: await list("SELECT pid FROM pg_locks WHERE locktype = 'advisory'"),
  };
}
