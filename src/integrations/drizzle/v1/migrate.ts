import type { AnyRelations } from "drizzle-orm";
import type { MigrationMeta } from "drizzle-orm/migrator";
import type { PgAsyncDatabase } from "drizzle-orm/pg-core/async/db";
import type { PgQueryResultHKT } from "drizzle-orm/pg-core/session";
import type { SQLiteAsyncDatabase } from "drizzle-orm/sqlite-core/async/db";
import { upgradeIfNeeded } from "drizzle-orm/up-migrations/pg";
import { upgradeAsyncIfNeeded } from "drizzle-orm/up-migrations/sqlite";
import { fromFolders, type Migration, type Texts } from "../bundle.ts";
import { type InitFailure, type Ledger, type MigrationsTable, runMigrations } from "../migrator.ts";
import { type Client, databaseOf } from "../place.ts";

/** Migrations that are part of the program. */
export interface MigrateConfig extends MigrationsTable {
  /** Texts by the names of their folders, as drizzle-kit's `migrations.js` has them; or what `readMigrationFiles()` of `drizzle-orm/migrator` gives. */
  readonly migrations: Texts | { readonly migrations: Texts } | readonly Migration[];
  /** Marks the only one as done, and does not run it: what `drizzle-kit pull --init` has made of a database. Default false. */
  readonly init?: boolean;
}

const ledger: Ledger = {
  // Drizzle's own, so that its migrators and drizzle-kit read it.
  columns: {
    sqlite: "id INTEGER PRIMARY KEY, hash text NOT NULL, created_at numeric, name text, applied_at TEXT",
    postgres:
      "id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint, name text, applied_at timestamp with time zone DEFAULT now()",
  },
  pending: (migrations, { columns, rows }) => {
    const done = new Set(rows.map((row) => row[columns.indexOf("name")]));
    return migrations.filter(({ name }) => !name || !done.has(name));
  },
  entry: ({ hash, folderMillis, name = "" }, dialect) => ({
    hash,
    created_at: folderMillis,
    name,
    ...(dialect === "sqlite" && { applied_at: new Date().toISOString() }),
  }),
};

/**
 * Runs the migrations that are still to be done: all or none, one flight each, and one flight when there are none. What was
 * done is kept in Drizzle's own table, so drizzle-kit agrees. Safe to run at the start of every isolate: one runs them, the others wait.
 *
 * @param orm - from `drizzle()`.
 * @throws DbError of the statement that failed; TypeError for migrations that are incomplete.
 * @example
 * import migrations from "./drizzle/migrations.js";
 * await migrate(orm, migrations);
 */
export async function migrate(orm: { readonly $client: Client }, config: MigrateConfig): Promise<InitFailure | void> {
  const migrations = await read(config);
  const { migrationsTable = "__drizzle_migrations", migrationsSchema = "drizzle" } = config;
  const own: Ledger = {
    ...ledger,
    // Of drizzle-orm before 1.0, with no names in it: Drizzle finds them.
    upgrade: async ({ columns }) => {
      if (columns.includes("name")) return false;
      const list = migrations as MigrationMeta[];
      if (databaseOf(orm.$client).dialect === "postgres")
        await upgradeIfNeeded(
          migrationsSchema,
          migrationsTable,
          orm as unknown as PgAsyncDatabase<PgQueryResultHKT>,
          list,
        );
      else
        await upgradeAsyncIfNeeded(
          migrationsTable,
          orm as unknown as SQLiteAsyncDatabase<"async", unknown, AnyRelations>,
          list,
        );
      return true;
    },
  };
  return runMigrations(orm.$client, migrations, config, own, config.init);
}

async function read({ migrations }: MigrateConfig): Promise<readonly Migration[]> {
  if (isList(migrations)) return migrations;
  const { migrations: own } = migrations as { readonly migrations?: Texts };
  return fromFolders(typeof own === "object" ? own : (migrations as Texts));
}

function isList(migrations: MigrateConfig["migrations"]): migrations is readonly Migration[] {
  return Array.isArray(migrations);
}
