// Kysely and Drizzle in a Worker, on D1 and in a Durable Object: the same work, by path.

import { AsyncLocalStorage } from "node:async_hooks";
import { DurableObject, env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { npmVersion } from "drizzle-orm/version";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { type Generated, Kysely, type Migration, Migrator } from "kysely";
import { d1, type D1Binding } from "../../../src/adapters/d1/index.ts";
import { durableObject, type ObjectStorage } from "../../../src/adapters/durable-object/index.ts";
import { asyncLocal, createDatabase, type Database, isDbError } from "../../../src/index.ts";
import { drizzle, migrate } from "../../../src/integrations/drizzle/index.ts";
import { IsopoolDialect } from "../../../src/integrations/kysely/index.ts";
import { workers } from "../../../src/integrations/workers/index.ts";

interface Tables {
  item: { id: Generated<number>; name: string; stock: number };
  d1_migrations: { id: number; name: string };
}

const item = sqliteTable("item", {
  id: integer().primaryKey(),
  name: text().notNull().unique(),
  stock: integer().notNull(),
});

const migrations: Readonly<Record<string, Migration>> = {
  "0001": {
    up: (kysely) =>
      kysely.schema
        .createTable("item")
        .addColumn("id", "integer", (column) => column.primaryKey())
        .addColumn("name", "text", (column) => column.notNull().unique())
        .addColumn("stock", "integer", (column) => column.notNull())
        .execute(),
  },
  "0002": { up: (kysely) => kysely.schema.createIndex("item_stock").on("item").column("stock").execute() },
};

const journal = {
  journal: { entries: ["0000_a", "0001_b"].map((tag, idx) => ({ idx, tag, when: 1 + idx, breakpoints: true })) },
  migrations: {
    m0000:
      "CREATE TABLE `note` (`id` integer PRIMARY KEY);--> statement-breakpoint\nCREATE INDEX `notes` ON `note` (`id`);",
    m0001: "ALTER TABLE `note` ADD `text` text;",
  },
};

/** The same as drizzle-orm 1.0 takes it. */
const folders = {
  migrations: { "20260131120000_a": journal.migrations.m0000, "20260131120001_b": journal.migrations.m0001 },
};
type Act = (db: Database) => unknown;

const acts: Readonly<Record<string, Act>> = {
  kysely: async (db) => {
    const kysely = new Kysely<Tables>({ dialect: new IsopoolDialect(db) });
    // As wrangler keeps it: another tool's, which nobody rewrites.
    await db.autocommit.batch([
      "CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)",
      "INSERT INTO d1_migrations (name) VALUES ('0001_wrangler.sql')",
    ]);
    const migrator = new Migrator({ db: kysely, provider: { getMigrations: async () => migrations } });
    const first = await migrator.migrateToLatest();
    const second = await migrator.migrateToLatest();
    if (first.error) throw first.error as Error;
    const inserted = await kysely.insertInto("item").values({ name: "tea", stock: 3 }).executeTakeFirstOrThrow();
    const sold = await kysely.transaction().execute(async (trx) => {
      const { stock } = await trx
        .selectFrom("item")
        .select("stock")
        .where("name", "=", "tea")
        .executeTakeFirstOrThrow();
      const updated = await trx
        .updateTable("item")
        .set({ stock: stock - 1 })
        .where("name", "=", "tea")
        .executeTakeFirst();
      const none = await trx.updateTable("item").set({ stock: 0 }).where("name", "=", "coffee").executeTakeFirst();
      return [updated.numUpdatedRows, none.numUpdatedRows].map(Number);
    });
    const failed = await kysely
      .transaction()
      .execute(async (trx) => {
        await trx.insertInto("item").values({ name: "cake", stock: 1 }).execute();
        await trx.insertInto("item").values({ name: "tea", stock: 1 }).execute();
      })
      .then(
        () => "done",
        (error: unknown) => isDbError(error, "QUERY_FAILED") && error.details.kind,
      );
    return {
      migrated: [first, second].map(({ error, results = [] }) => error ?? results.map(({ status }) => status)),
      inserted: [Number(inserted.insertId), Number(inserted.numInsertedOrUpdatedRows)],
      sold,
      failed,
      items: await kysely.selectFrom("item").selectAll().orderBy("id").execute(),
      wrangler: (await kysely.selectFrom("d1_migrations").select("name").execute()).map(({ name }) => name),
    };
  },
  version: () => npmVersion.split(".")[0],
  drizzle: async (db) => {
    const orm = drizzle(db, { schema: { item }, dialect: "sqlite" });
    const bundle = npmVersion.startsWith("0.") ? journal : (folders as unknown as typeof journal);
    for (let run = 0; run < 2; run++) await migrate(orm, bundle);
    const notes = (await db.autocommit.query("SELECT * FROM note")).columns;
    await orm.insert(item).values([{ name: "milk", stock: 5 }]);
    const changed = await orm.transaction(async (tx) => {
      const [found] = await tx.select().from(item).where(eq(item.name, "milk"));
      return tx
        .update(item)
        .set({ stock: found!.stock - 2 })
        .where(eq(item.name, "milk"));
    });
    const reason = new Error("changed my mind");
    const rolledBack = await orm
      .transaction(async (tx) => {
        await tx.update(item).set({ stock: 0 });
        throw reason;
      })
      .then(
        () => false,
        (error: unknown) => error === reason,
      );
    return {
      notes,
      changed: changed.rowsAffected,
      rolledBack,
      left: await orm.select({ stock: item.stock }).from(item).where(eq(item.name, "milk")),
      batch: await orm.batch([
        orm.insert(item).values({ name: "rice", stock: 1 }).returning({ name: item.name }),
        orm.select({ stock: item.stock }).from(item).where(eq(item.name, "rice")),
      ]),
    };
  },
};

async function answer(request: Request, db: Database): Promise<Response> {
  const act = acts[new URL(request.url).pathname.split("/").at(-1)!]!;
  try {
    return Response.json({ given: await act(db), busy: db.stats().busy });
  } catch (error) {
    const { cause, stack } = error as Error;
    return Response.json({ failed: `${String(error)} because of ${String(cause)}\n${stack}` });
  }
}

export class Shelf extends DurableObject {
  readonly #db: Database = createDatabase("do:shelf", {
    context: asyncLocal(AsyncLocalStorage),
    adapters: [durableObject(() => (this.ctx as { storage: ObjectStorage }).storage)],
  });

  fetch(request: Request): Promise<Response> {
    return answer(request, this.#db);
  }
}

interface Env {
  readonly DB: D1Binding;
  readonly Shelf: {
    idFromName(name: string): unknown;
    get(id: unknown): { fetch(request: Request): Promise<Response> };
  };
}

const here = env as unknown as Env;
const db = createDatabase("d1:DB", {
  context: asyncLocal(AsyncLocalStorage),
  adapters: [d1(() => here.DB, { tryWrites: true })],
  runtime: workers({ warn: false }),
});

// oxlint-disable-next-line import/no-default-export -- the platform looks for it there.
export default {
  fetch: (request: Request): Promise<Response> =>
    new URL(request.url).pathname.startsWith("/object/")
      ? here.Shelf.get(here.Shelf.idFromName("shelf")).fetch(request)
      : answer(request, db),
};
