// The lowest versions that README.md and docs/ name, installed by npm: each works on a real engine. The highest are the
// repository's own dependencies, on which all other tests run; what is older still is in installs.test.ts.

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../package/package.ts";
import { startLibsqlServer } from "../servers/libsql/libsql-server.ts";
import { startNeonServer } from "../servers/neon/server.ts";
import { installedProject, type Project } from "./installed.ts";

const exec = promisify(execFile);

const LOWEST = {
  "@libsql/client": "0.17.0",
  "@neondatabase/serverless": "1.0.0",
  "drizzle-orm": "0.45.0",
  kysely: "0.28.0",
  pg: "8.11.0",
  postgres: "3.4.0",
  "sql.js": "1.15.2",
  vite: "7.0.0",
  // For Neon's WebSockets in Node 20.
  ws: "8.18.2",
};
/** The last that is too old. */
const OLD = { "postgres-3.3": "npm:postgres@3.3.5" };

/** `node program.js <what>`, with the addresses in the environment: prints as JSON what became of it. */
const PROGRAM = `
import { AsyncLocalStorage } from "node:async_hooks";
import { asyncLocal, createDatabase } from "isopool";

const { LIBSQL_URL, PLAIN_URL, NEON_URL, FETCH_ENDPOINT, WS_PROXY } = process.env;
const context = asyncLocal(AsyncLocalStorage);
const open = (url, adapter) => createDatabase(url, { adapters: [adapter], context });

async function story(db) {
  await db.session(async (session) => {
    await session.query("create table item (id int primary key, name text)");
    await session.query("insert into item values (1, 'tea')");
  });
  const thrown = await db
    .session(async (session) => {
      await session.query("insert into item values (2, 'rum')");
      throw new Error("on purpose");
    })
    .catch((error) => error.message);
  const kind = await db.session((s) => s.query("insert into item values (1, 'x')")).catch((e) => e.details?.kind ?? String(e));
  const rows = db.capabilities.streaming ? [] : await db.query("select id, name from item").then((result) => result.rows);
  if (db.capabilities.streaming) await db.session(async (session) => {
    for await (const row of session.stream("select id, name from item")) rows.push(row);
  });
  await db.dispose();
  return { thrown, kind, rows };
}

/** The cases of databases, on PostgreSQL: those whose work may fail, each in an empty schema. */
async function contract(factory) {
  const { databaseContract, postgresDialect } = await import("isopool/adapter/contract");
  const { default: { Client } } = await import("pg");
  const admin = new Client({ connectionString: PLAIN_URL });
  await admin.connect();
  const make = async () => {
    await admin.query("drop schema public cascade; create schema public");
    return { factory, url: PLAIN_URL };
  };
  const failed = {};
  const cases = databaseContract({ dialect: { ...postgresDialect, kill: undefined }, make });
  for (const { name, run } of cases) await run().catch((error) => (failed[name] = String(error)));
  await make();
  await admin.end();
  return { isPlayed: cases.length > 10, failed };
}

async function postgres() {
  const [{ default: pg }, { postgres }] = await Promise.all([import("pg"), import("isopool/postgres")]);
  return postgres({ Client: pg.Client });
}

async function postgresJs(name = "postgres") {
  const [{ default: driver }, { postgres }] = await Promise.all([import(name), import("isopool/postgres")]);
  return postgres({ postgres: driver });
}

async function sqlJsDatabase() {
  const [{ default: initSqlJs }, { sqlJs }] = await Promise.all([import("sql.js"), import("isopool/sql-js")]);
  return open("sqljs:memory", sqlJs({ sqlJs: () => initSqlJs() }));
}

const stories = {
  "sql.js": async () => story(await sqlJsDatabase()),
  async "@libsql/client"() {
    const [{ createClient }, { libsqlClient }] = await Promise.all([import("@libsql/client/web"), import("isopool/libsql-client")]);
    return story(open(LIBSQL_URL, libsqlClient({ createClient })));
  },
  async "@neondatabase/serverless"() {
    const [driver, { default: ws }, { neon }] = await Promise.all([import("@neondatabase/serverless"), import("ws"), import("isopool/neon")]);
    const neonConfig = { fetchEndpoint: FETCH_ENDPOINT, wsProxy: WS_PROXY, useSecureWebSocket: false, webSocketConstructor: ws };
    return story(open(NEON_URL, neon({ neon: driver.neon, Client: driver.Client, neonConfig })));
  },
  pg: async () => ({ ...(await story(open(PLAIN_URL, await postgres()))), ...(await contract(await postgres())) }),
  postgres: async () => ({ ...(await story(open(PLAIN_URL, await postgresJs()))), ...(await contract(await postgresJs())) }),
  async "postgres-3.3"() {
    const db = open(PLAIN_URL, await postgresJs("postgres-3.3"));
    return db.query("select 1").catch((error) => String(error)).finally(() => db.dispose());
  },
  async kysely() {
    const [{ Kysely }, { IsopoolDialect }, db] = await Promise.all([import("kysely"), import("isopool/kysely"), sqlJsDatabase()]);
    await db.query("create table item (id int primary key, name text)");
    const kysely = new Kysely({ dialect: new IsopoolDialect(db) });
    await kysely.transaction().execute((trx) => trx.insertInto("item").values({ id: 1, name: "tea" }).execute());
    await kysely.transaction().execute(async (trx) => {
      await trx.insertInto("item").values({ id: 2, name: "rum" }).execute();
      throw new Error("on purpose");
    }).catch(() => undefined);
    const rows = await kysely.selectFrom("item").selectAll().execute();
    await db.dispose();
    return { rows };
  },
  async "drizzle-orm"() {
    const [{ drizzle }, { sql }, { int, sqliteTable, text }, db] = await Promise.all([
      import("isopool/drizzle"), import("drizzle-orm"), import("drizzle-orm/sqlite-core"), sqlJsDatabase(),
    ]);
    const item = sqliteTable("item", { id: int().primaryKey(), name: text() });
    const orm = drizzle(db, { dialect: "sqlite" });
    await orm.run(sql.raw("create table item (id int primary key, name text)"));
    await orm.transaction((tx) => tx.insert(item).values({ id: 1, name: "tea" }));
    await orm.transaction(async (tx) => {
      await tx.insert(item).values({ id: 2, name: "rum" });
      throw new Error("on purpose");
    }).catch(() => undefined);
    const rows = await orm.select().from(item);
    await db.dispose();
    return { rows };
  },
};

console.log(JSON.stringify(await stories[process.argv[2]]()));
process.exit();
`;

let project: Project;
beforeAll(async () => {
  project = installedProject();
  const versions = Object.entries({ ...LOWEST, ...OLD }).map(([name, version]) => `${name}@${version}`);
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--silent"];
  await exec("npm", ["install", ...versions, ...options], { cwd: project.folder });
  project.write("program.js", PROGRAM);
}, 600_000);
afterAll(() => project?.remove(), 120_000);

async function play(what: string, env: object = {}): Promise<unknown> {
  const { stdout } = await exec(process.execPath, ["program.js", what], {
    cwd: project.folder,
    env: { ...process.env, ...env },
  });
  return JSON.parse(stdout);
}

const TEA = [{ id: 1, name: "tea" }];
const STORY = { thrown: "on purpose", kind: "unique", rows: TEA };

test("npm has installed these versions, and finds no fault with them", async () => {
  const { stdout } = await exec("npm", ["ls", "--json", "--depth=0"], { cwd: project.folder });
  const { dependencies } = JSON.parse(stdout) as { dependencies: Record<string, { version: string }> };
  const { isopool: _, "postgres-3.3": __, ...others } = dependencies;
  expect(Object.fromEntries(Object.entries(others).map(([name, { version }]) => [name, version]))).toEqual(LOWEST);
});

test("these are the versions that the pages name", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  for (const words of [
    "sql-js/sql.js) 1.15.2 or later",
    "libsql-client-ts) 0.17 or later",
    "neondatabase/serverless) 1.0 or later",
    "brianc/node-postgres) 8.11 or [postgres.js](https://github.com/porsager/postgres) 3.4 or later",
  ])
    expect(readme).toContain(words);
});

describe("sessions, rollbacks, errors and streams", () => {
  test("sql.js", async () => {
    expect(await play("sql.js")).toEqual(STORY);
  });

  test("@libsql/client", async () => {
    const server = await startLibsqlServer();
    try {
      expect(await play("@libsql/client", { LIBSQL_URL: server.url })).toEqual(STORY);
    } finally {
      await server.stop();
    }
  });

  test.each([
    ["pg", { isPlayed: true, failed: {} }],
    ["postgres", { isPlayed: true, failed: {} }],
    ["@neondatabase/serverless", {}],
  ])("%s", async (name, contract) => {
    const { plainUrl, url, fetchEndpoint, wsProxy, leaks, stop } = await startNeonServer();
    try {
      const env = { PLAIN_URL: plainUrl, NEON_URL: url, FETCH_ENDPOINT: fetchEndpoint, WS_PROXY: wsProxy };
      expect(await play(name, env)).toEqual({ ...STORY, ...contract });
      expect(await leaks()).toEqual([]);
    } finally {
      await stop();
    }
  });

  test("postgres.js before 3.4 cannot reserve a connection, and the error says what to install", async () => {
    const message = await play("postgres-3.3", { PLAIN_URL: "postgresql://user:password@127.0.0.1:1/shop" });
    expect(message).toBe("DbError: CONNECT_FAILED: `postgres` is too old: install 3.4 or later");
  });

  test.each(["kysely", "drizzle-orm"])("%s", async (name) => {
    expect(await play(name)).toEqual({ rows: TEA });
  });
});

test("Vite builds with the plugin", async () => {
  project.write("index.html", '<script type="module" src="/page.js"></script>');
  project.write("page.js", "export const page = async () => { await null; };");
  const config = 'import { isopool } from "isopool/vite"; export default { plugins: [isopool()] };';
  project.write("vite.config.js", config);
  const vite = join("node_modules", "vite", "bin", "vite.js");
  const { stdout } = await exec(process.execPath, [vite, "build"], {
    cwd: project.folder,
    env: { ...process.env, NODE_ENV: "" },
  });
  expect(stdout).toMatch(/built in/);
});
