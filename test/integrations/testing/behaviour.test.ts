// What an application may do in a test besides, and how a test ends that does not end by itself.

import { AsyncLocalStorage } from "node:async_hooks";
import { Kysely, sql as raw } from "kysely";
import initSqlJs from "sql.js";
import { describe, expect, onTestFinished, test } from "vitest";
import { sqlJs } from "../../../src/adapters/sql-js/index.ts";
import {
  asyncLocal,
  closeAllInstances,
  type ContextProvider,
  createDatabase,
  type Database,
  DbError,
  explicit,
} from "../../../src/index.ts";
import { IsopoolDialect } from "../../../src/integrations/kysely/index.ts";
import { fakeAdapter, rolledBack } from "../../../src/integrations/testing/index.ts";
import { withSession } from "../../../src/integrations/workers/index.ts";
import { SHOPS, type Tables } from "../kysely/shop.ts";

const engine = await initSqlJs();
const { "sql.js": openSqlJs, libSQL: openLibsql, Neon: openNeon } = SHOPS as Record<string, (typeof SHOPS)[string]>;

const add = (db: Pick<Database, "sql">, name: string): Promise<unknown> =>
  db.sql`insert into item (name) values (${name})`.run();
const names = async (db: Pick<Database, "sql">): Promise<unknown[]> =>
  (await db.sql<{ name: string }>`select name from item order by name`).map(({ name }) => name);

describe.each([
  ["sql.js", openSqlJs!],
  ["Neon", openNeon!],
])("in a test on %s", (_name, open) => {
  test("a session that lost a race is run again", async () => {
    const { db } = await open();
    let attempts = 0;
    await rolledBack(db, async () => {
      await db.session(
        async (session) => {
          await add(session, `attempt ${++attempts}`);
          if (attempts < 3) throw lostRace();
        },
        { retry: { retries: 3, delayMs: 0 } },
      );
      expect(await names(db)).toEqual(["attempt 3"]);
    });
    expect(await names(db)).toEqual([]);
  });

  test("a read only session cannot write, and the next one can", async () => {
    const { db } = await open();
    await rolledBack(db, async () => {
      const writing = db.session((session) => add(session, "no"), { accessMode: "read only" });
      await expect(writing).rejects.toMatchObject({ details: { kind: "permission" } });
      await add(db, "yes");
      expect(await names(db)).toEqual(["yes"]);
    });
  });

  test("an isolation level is taken for what it is: the test's own", async () => {
    const { db } = await open();
    await rolledBack(db, async () => {
      await add(db, "before");
      await db.session((session) => add(session, "serializable"), { isolationLevel: "serializable" });
      expect(await names(db)).toEqual(["before", "serializable"]);
    });
  });

  test("what is deferred to the commit is looked at there", async () => {
    const { db } = await open();
    await db.session(async (session) => {
      await session.query("create table part (item integer references item (id) deferrable initially deferred)");
    });
    await rolledBack(db, async () => {
      const orphan = db.session((session) => session.sql`insert into part values (99)`.run());
      await expect(orphan).rejects.toMatchObject({ code: "QUERY_FAILED", details: { kind: "foreign-key" } });
      // Mended before the commit, it is kept.
      await db.session(async (session) => {
        await session.sql`insert into part values (7)`.run();
        await session.sql`insert into item (id, name) values (7, 'late')`.run();
      });
      expect(await db.sql`select * from part`).toEqual([{ item: 7 }]);
    });
  });

  test("what needs to be outside of a transaction is refused, with the remedy", async () => {
    const { db } = await open();
    await rolledBack(db, async () => {
      await expect(db.session((session) => session.query("vacuum"), { transaction: false })).rejects.toMatchObject({
        code: "TRANSACTION_UNSUPPORTED",
        message: expect.stringContaining("Run it before the test"),
      });
      await add(db, "goes on");
    });
  });

  test("Kysely's transactions and savepoints are in it", async () => {
    const { db } = await open();
    const kysely = new Kysely<Tables>({ dialect: new IsopoolDialect(db) });
    await rolledBack(db, async () => {
      await kysely.insertInto("item").values({ name: "alone" }).execute();
      await kysely
        .transaction()
        .setIsolationLevel("serializable")
        .execute((trx) => trx.insertInto("item").values({ name: "transaction" }).execute());
      const failed = kysely.transaction().execute(async (trx) => {
        await trx.insertInto("item").values({ name: "gone" }).execute();
        throw new Error("on purpose");
      });
      await expect(failed).rejects.toThrow("on purpose");
      const trx = await kysely.startTransaction().execute();
      await trx.insertInto("item").values({ name: "controlled" }).execute();
      const inner = await trx.savepoint("a").execute();
      await inner.insertInto("item").values({ name: "gone too" }).execute();
      await inner.rollbackToSavepoint("a").execute();
      await trx.commit().execute();
      expect(await names(db)).toEqual(["alone", "controlled", "transaction"]);
      await raw`select 1`.execute(kysely);
    });
    expect(await names(db)).toEqual([]);
  });

  test("withSession() commits and rolls back as in production", async () => {
    const { db } = await open();
    const handler = withSession(db, async (request: Request) => {
      await add(db, new URL(request.url).pathname);
      return new Response("", { status: request.url.endsWith("/bad") ? 500 : 200 });
    });
    const visit = (path: string): Promise<Response> =>
      Promise.resolve(handler(new Request(`https://shop.example${path}`), {}, { waitUntil: () => undefined }));
    await rolledBack(db, async () => {
      expect((await visit("/good")).status).toBe(200);
      expect((await visit("/bad")).status).toBe(500);
      expect(await names(db)).toEqual(["/good"]);
    });
    expect(await names(db)).toEqual([]);
  });

  test("its work may hang: it is ended by its deadline, and the next test finds nothing of it", async () => {
    const { db } = await open();
    const hung = rolledBack(
      db,
      async () => {
        await add(db, "hung");
        await new Promise(() => undefined);
      },
      { timeoutMs: 1_000 },
    );
    await expect(hung).rejects.toMatchObject({ code: "QUERY_TIMEOUT", details: { timeoutMs: 1_000 } });
    await rolledBack(db, async () => expect(await names(db)).toEqual([]));
    expect(await names(db)).toEqual([]);
  });

  test("a test inside of another takes back its own", async () => {
    const { db } = await open();
    await rolledBack(db, async () => {
      await add(db, "outer");
      await rolledBack(db, async () => {
        await db.session((session) => add(session, "inner"));
        expect(await names(db)).toEqual(["inner", "outer"]);
      });
      expect(await names(db)).toEqual(["outer"]);
    });
    expect(await names(db)).toEqual([]);
  });

  test("it may be run inside of a session, which goes on as if nothing was", async () => {
    const { db } = await open({ pool: { max: 2 } });
    if (_name === "sql.js") return;
    await db.session(async (session) => {
      await add(session, "kept");
      await rolledBack(db, async () => {
        expect(db.current()).toBeUndefined();
        await add(db, "gone");
      });
      expect(db.current()).toBe(session);
    });
    expect(await names(db)).toEqual(["kept"]);
  });

  test("what ends all current sessions does not end it", async () => {
    const { db } = await open();
    await rolledBack(db, async () => {
      await db.session(async (session) => {
        await add(session, "closed");
        await closeAllInstances("commit");
      });
      await closeAllInstances();
      expect(await names(db)).toEqual(["closed"]);
    });
    expect(await names(db)).toEqual([]);
  });

  test("temporary tables end with their session", async () => {
    const { db } = await open();
    await rolledBack(db, async () => {
      for (let round = 0; round < 2; round++)
        await db.session((session) => session.query("create temp table scratch as select 1 as n"));
    });
  });

  test("a statement that is given up ends its session, and nothing else", async () => {
    const { db } = await open();
    await rolledBack(db, async () => {
      const controller = new AbortController();
      const given = db.session(
        async (session) => {
          await add(session, "gone");
          controller.abort("given up");
          await add(session, "never");
        },
        { signal: controller.signal },
      );
      await expect(given).rejects.toBe("given up");
      await add(db, "goes on");
      expect(await names(db)).toEqual(["goes on"]);
    });
    expect(await names(db)).toEqual([]);
  });
});

/** A failure that is worth a retry, as a database reports one. */
function lostRace(): DbError {
  const details = { kind: "serialization", sql: "", dialectCode: "40001" } as const;
  return new DbError("QUERY_FAILED", "could not serialize", details, { retryable: true });
}

describe("where no context tells which test a session is in", () => {
  async function openExplicit(): Promise<Database> {
    const db = createDatabase("sqljs:memory", { adapters: [sqlJs({ sqlJs: engine })], context: explicit() });
    await db.autocommit.query("create table item (id integer primary key, name text unique)");
    onTestFinished(() => db.dispose());
    return db;
  }

  test("everything belongs to the test that runs, and tests run one after another", async () => {
    const db = await openExplicit();
    const log: string[] = [];
    const run = (name: string): Promise<void> =>
      rolledBack(db, async () => {
        log.push(`begin ${name}`);
        await db.session((session) => add(session, name));
        expect(await names(db.autocommit as Database)).toEqual([name]);
        log.push(`end ${name}`);
      });
    await Promise.all([run("a"), run("b")]);
    expect(log).toEqual(["begin a", "end a", "begin b", "end b"]);
    expect(await names(db.autocommit as Database)).toEqual([]);
  });

  test("and where it does, `everywhere` is for what begins elsewhere: a server, a fixture", async () => {
    const { db } = await openLibsql!();
    const calls: (() => void)[] = [];
    let done!: () => void;
    // A server that was started before the test: its requests are none of the test's.
    const serving = (async () => {
      for (;;) {
        await new Promise<void>((resolve) => calls.push(resolve));
        if (calls.length > 5) return;
        await db.session((session) => add(session, "served"));
        calls.length = 0;
        done();
      }
    })();
    await rolledBack(
      db,
      async () => {
        const served = new Promise<void>((resolve) => (done = resolve));
        calls[0]!();
        await served;
        expect(await names(db)).toEqual(["served"]);
      },
      { everywhere: true },
    );
    expect(await names(db)).toEqual([]);
    void serving;
  });

  test("a session outside of every test is kept, and other databases of the source are in it", async () => {
    const adapters = [sqlJs({ sqlJs: engine })];
    const make = (): Database =>
      createDatabase("sqljs:shop-in-test", { adapters, context: asyncLocal(AsyncLocalStorage) });
    const [db, twin] = [make(), make()];
    onTestFinished(async () => {
      await db.dispose();
      await twin.dispose();
    });
    await db.query("create table item (id integer primary key, name text unique)");
    await rolledBack(db, async () => {
      await twin.session((session) => add(session, "twin"));
      expect(await names(db)).toEqual(["twin"]);
    });
    await twin.session((session) => add(session, "kept"));
    expect(await names(db)).toEqual(["kept"]);
  });
});

test("two databases are rolled back together", async () => {
  const [one, other] = [await openSqlJs!(), await openLibsql!()];
  await rolledBack([one.db, other.db], async () => {
    await one.db.session(async (session) => {
      await add(session, "one");
      await other.db.session((inner) => add(inner, "other"));
    });
    expect([await names(one.db), await names(other.db)]).toEqual([["one"], ["other"]]);
  });
  expect([await names(one.db), await names(other.db)]).toEqual([[], []]);
});

test.each([
  ["asyncLocal()", (): ContextProvider => asyncLocal(AsyncLocalStorage)],
  ["explicit()", explicit],
])("several databases of one source have one transaction, with %s", async (_name, context) => {
  const make = (): Database =>
    createDatabase("sqljs:one-source", { adapters: [sqlJs({ sqlJs: engine })], context: context() });
  const [db, twin] = [make(), make()];
  onTestFinished(async () => {
    await db.dispose();
    await twin.dispose();
  });
  await db.autocommit.query("create table item (id integer primary key, name text unique)");
  await rolledBack(
    [db, twin, db],
    async () => {
      await db.session((session) => add(session, "db"));
      await twin.session((session) => add(session, "twin"));
      expect(await names(db.autocommit)).toEqual(["db", "twin"]);
    },
    { signal: AbortSignal.timeout(2_000) },
  );
  expect(await names(twin.autocommit)).toEqual([]);
});

test("a session that waits for a transaction that waits for it is told, with both named", async () => {
  const { db } = await openLibsql!({ pool: { acquireTimeoutMs: 200 } });
  await rolledBack(db, async () => {
    const outer = db.open();
    await add(outer, "open");
    await expect(add(db, "waits")).rejects.toMatchObject({
      code: "POOL_DEADLOCK",
      message: expect.stringContaining("take turns"),
    });
    await outer.close();
    await add(db, "later");
    expect(await names(db)).toEqual(["later", "open"]);
  });
});

test("a statement that ends every transaction ends the test, and nothing runs on in autocommit", async () => {
  const { db } = await openSqlJs!();
  await rolledBack(db, async () => {
    await add(db, "twice");
    await expect(db.sql`insert or rollback into item (name) values ('twice')`).rejects.toMatchObject({
      code: "QUERY_FAILED",
    });
    await expect(add(db, "stray")).rejects.toMatchObject({ code: "TRANSACTION_LOST" });
  });
  expect(await names(db)).toEqual([]);
});

test("what goes on after the end of its test reaches no database", async () => {
  const { db } = await openSqlJs!();
  let late!: Promise<unknown>;
  let go!: () => void;
  await rolledBack(db, async () => {
    await add(db, "one");
    late = new Promise<void>((resolve) => (go = resolve)).then(() => add(db, "late"));
  });
  go();
  await expect(late).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  expect(await names(db)).toEqual([]);
});

test("PostgreSQL's settings end with their session", async () => {
  const { db } = await openNeon!();
  const tenant = async (): Promise<unknown> =>
    (await db.sql<{ t: string }>`select coalesce(current_setting('app.tenant', true), '') as t`.first())?.t;
  await rolledBack(db, async () => {
    await db.session(
      async (session) => {
        expect(await tenant()).toBe("7");
        await session.transaction(async () => expect(await tenant()).toBe("7"), { propagation: "requires-new" });
        await db.session(async () => expect(await tenant()).toBe("8"), { settings: { "app.tenant": 8 } });
        expect(await tenant()).toBe("7");
      },
      { settings: { "app.tenant": 7 } },
    );
    expect(await tenant()).toBe("");
    await db.session(async (session) => {
      await session.sql`select set_config('app.tenant', ${"9"}, true)`;
      await session.query("set local statement_timeout = 4321");
      expect(await tenant()).toBe("9");
    });
    expect(await tenant()).toBe("");
    expect(await db.sql`show statement_timeout`).not.toEqual([{ statement_timeout: "4321ms" }]);
  });
});

test("what cannot be rolled back is refused before anything is sent", async () => {
  const adapter = fakeAdapter({ capabilities: { savepoints: false } });
  const db = createDatabase("fake:db", { adapters: [adapter] });
  await expect(rolledBack(db, () => undefined)).rejects.toMatchObject({ code: "TRANSACTION_UNSUPPORTED" });
  expect(adapter.flights).toEqual([]);
  await expect(rolledBack([], () => undefined)).rejects.toBeInstanceOf(TypeError);
  for (const wrong of [null, [db, undefined], Promise.resolve(db), () => db])
    await expect(rolledBack(wrong as never, () => undefined)).rejects.toThrow(
      "Expected a database of createDatabase()",
    );
  await expect(rolledBack(db, () => undefined, { timeout: 1 } as object)).rejects.toThrow("timeout");
  await db.dispose();
});
