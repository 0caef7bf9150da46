// Stories on libSQL and sql.js, in Node.

import { AsyncLocalStorage } from "node:async_hooks";
import { createClient } from "@libsql/client";
import { LibsqlDialect } from "@libsql/kysely-libsql";
import { sql as drizzleSql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/libsql";
import { drizzle as drizzleSqlJs } from "drizzle-orm/sql-js";
import { Kysely, sql as kyselySql } from "kysely";
import initSqlJs from "sql.js";
import { libsql } from "../../src/adapters/libsql/index.ts";
import { sqlJs } from "../../src/adapters/sql-js/index.ts";
import { asyncLocal, createDatabase } from "../../src/index.ts";
import { startLibsqlServer } from "../servers/libsql/libsql-server.ts";
import { startSqld } from "../servers/sqld.ts";
import { ensureSqld } from "../setup/ensure-sqld.mjs";
import type { Ask, Opened, Rows } from "./postgres-players.ts";
import { endingShown, type Library, type Story, type Verdict, verdict, within } from "./story.ts";

const LONG_MS = 15_000;

const openLibsql: Readonly<Partial<Record<Library, (url: string) => Opened>>> = {
  isopool: (url) => {
    const db = createDatabase(url, { adapters: [libsql()], context: asyncLocal(AsyncLocalStorage) });
    return {
      ask: async (text) => (await db.query(text)).rows,
      transaction: (work) => db.session((session) => work(async (text) => (await session.query(text)).rows)),
      end: () => db.dispose(),
    };
  },
  Drizzle: (url) => {
    const client = createClient({ url });
    const db = drizzle({ client });
    const rows = (list: unknown): Rows => list as Rows;
    return {
      ask: async (text) => rows(await db.all(drizzleSql.raw(text))),
      transaction: (work) => db.transaction((tx) => work(async (text) => rows(await tx.all(drizzleSql.raw(text))))),
      end: async () => client.close(),
    };
  },
  Kysely: (url) => {
    const db = new Kysely<object>({ dialect: new LibsqlDialect({ url }) });
    const run = async (on: Kysely<object>, text: string): Promise<Rows> =>
      (await kyselySql.raw<Record<string, unknown>>(text).execute(on)).rows;
    return {
      ask: (text) => run(db, text),
      transaction: (work) => db.transaction().execute((trx) => work((text) => run(trx, text))),
      end: () => db.destroy(),
    };
  },
  "@libsql/client": (url) => {
    const client = createClient({ url });
    const rows = (list: unknown): Rows => list as Rows;
    return {
      ask: async (text) => rows((await client.execute(text)).rows),
      transaction: async (work) => {
        // As its documentation prints it.
        const transaction = await client.transaction("write");
        try {
          const result = await work(async (text) => rows((await transaction.execute(text)).rows));
          await transaction.commit();
          return result;
        } finally {
          transaction.close();
        }
      },
      end: async () => client.close(),
    };
  },
};

async function stolenLock(library: Library): Promise<Verdict> {
  const server = await startLibsqlServer({ profile: "sqld", txnTimeoutMs: 50 });
  const opened = openLibsql[library]!(server.url);
  const other = openLibsql["isopool"]!(server.url);
  try {
    await other.ask("CREATE TABLE goods (id INTEGER PRIMARY KEY, name TEXT)");
    const caught: string[] = [];
    const attempt = async (ask: Ask, text: string): Promise<void> => {
      const ending = await within(LONG_MS, ask(text));
      if (ending.kind !== "done") caught.push(endingShown(ending));
    };
    const work = opened.transaction(async (ask) => {
      await ask("INSERT INTO goods VALUES (1, 'old')");
      await other.ask("INSERT INTO goods VALUES (2, 'young')");
      // The application catches an error, and goes on.
      await attempt(ask, "INSERT INTO goods VALUES (3, 'late')");
      await attempt(ask, "INSERT INTO goods VALUES (4, 'later')");
    });
    const ending = await within(LONG_MS, work);
    const kept = (await other.ask("SELECT name FROM goods WHERE id <> 2")).map(({ name }) => String(name));
    const isPassed = ending.kind === "failed" && kept.length === 0;
    return verdict(isPassed, `stored of it: ${kept.join(", ") || "nothing"}; ${endingShown(ending)}`);
  } finally {
    await other.end();
    await within(
      2_000,
      opened.end().catch(() => undefined),
    );
    await server.stop();
  }
}

async function staleRead(library: Library): Promise<Verdict> {
  if ((await ensureSqld()) === undefined) throw new Error("there is no sqld for this machine");
  const primary = await startSqld();
  const replica = await startSqld({ replicates: primary });
  const opened = openLibsql[library]!(replica.url);
  try {
    await opened.ask("CREATE TABLE goods (n INTEGER)");
    await opened.ask("INSERT INTO goods VALUES (0)");
    let fresh = 0;
    for (let n = 1; n <= 100; n++) {
      await opened.ask(`UPDATE goods SET n = ${n}`);
      const rows = await opened.ask("SELECT n FROM goods").catch(() => []);
      if (Number(rows[0]?.["n"]) === n) fresh++;
    }
    return verdict(fresh === 100, `${fresh} of 100 reads saw the write before them`);
  } finally {
    await within(
      2_000,
      opened.end().catch(() => undefined),
    );
    await replica.stop();
    await primary.stop();
  }
}

const mine = new Error("the application's own error");

async function asyncCallback(library: Library): Promise<Verdict> {
  const SQL = await initSqlJs();
  const TABLE = "CREATE TABLE goods (name TEXT)";
  const INSERT = "INSERT INTO goods VALUES ('tea')";
  const engine = new SQL.Database();
  if (library === "Drizzle") {
    const db = drizzleSqlJs(engine);
    db.run(drizzleSql.raw(TABLE));
    const work = async (): Promise<void> => {
      await db.transaction(async (tx) => {
        tx.run(drizzleSql.raw(INSERT));
        await Promise.resolve();
        throw mine;
      });
    };
    const ending = await within(LONG_MS, work());
    const rows = db.all(drizzleSql.raw("SELECT * FROM goods")).length;
    engine.close();
    return verdict(rows === 0 && ending.kind === "failed", `${rows} rows stored; ${endingShown(ending)}`);
  }
  const db = createDatabase("sqljs:memory", {
    adapters: [sqlJs({ sqlJs: SQL })],
    context: asyncLocal(AsyncLocalStorage),
  });
  engine.close();
  try {
    await db.query(TABLE);
    const work = db.session(async (session) => {
      await session.query(INSERT);
      throw mine;
    });
    const ending = await within(LONG_MS, work);
    const rows = (await db.query("SELECT * FROM goods")).rows.length;
    return verdict(rows === 0 && ending.kind === "failed", `${rows} rows stored; ${endingShown(ending)}`);
  } finally {
    await db.dispose();
  }
}

export function libsqlStories(): Story[] {
  const plays = (play: (library: Library) => Promise<Verdict>): Story["plays"] => ({
    isopool: () => play("isopool"),
    Drizzle: () => play("Drizzle"),
    Kysely: () => play("Kysely"),
    "@libsql/client": () => play("@libsql/client"),
    "Neon driver": "no SQLite",
    pg: "no SQLite",
  });
  return [
    {
      name: "stolen lock",
      passes:
        "a transaction that another writer took the lock from fails, and nothing of it is stored, also where the application caught an error in it",
      on: "libSQL, as sqld",
      plays: plays(stolenLock),
    },
    {
      name: "read after own write at a replica",
      passes: "100 of 100 reads see the write before them",
      on: "a replica of a real sqld",
      plays: plays(staleRead),
    },
    {
      name: "async callback on sql.js",
      passes: "a transaction whose async callback throws is taken back",
      on: "sql.js",
      plays: {
        ...plays(asyncCallback),
        Kysely: "it has no dialect for sql.js",
        "@libsql/client": "no sql.js",
      },
    },
  ];
}
