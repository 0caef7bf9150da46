import { fromJournal, type Journal, type Migration, type Texts } from "./bundle.ts";
import { type Ledger, type MigrationsTable, runMigrations } from "./migrator.ts";
import type { Client } from "./place.ts";

/** Migrations that are part of the program. */
export interface MigrateConfig extends MigrationsTable {
  /**
   * drizzle-kit's `migrations.js`; texts by name, with `journal`; or what `readMigrationFiles()` of `drizzle-orm/migrator` gives.
   */
  readonly migrations: Texts | readonly Migration[] | { readonly journal: Journal; readonly migrations: Texts };
  /** `meta/_journal.json`. */
  readonly journal?: Journal;
}

const ledger: Ledger = {
  // Drizzle's own, so that its migrators and drizzle-kit read it.
  columns: {
    sqlite: "id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric",
    postgres: "id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint",
  },
  pending: (migrations, { columns, rows: [last] }) => {
    const doneMs = last ? Number(last[columns.indexOf("created_at")]) : -Infinity;
    return migrations.filter(({ folderMillis }) => folderMillis > doneMs);
  },
  entry: ({ hash, folderMillis }) => ({ hash, created_at: folderMillis }),
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
export async function migrate(orm: { readonly $client: Client }, config: MigrateConfig): Promise<void> {
  await runMigrations(orm.$client, await read(config), config, ledger);
}

async function read({ migrations, journal }: MigrateConfig): Promise<readonly Migration[]> {
  if (isList(migrations)) return migrations;
  const { journal: own, migrations: texts } = isBundle(migrations) ? migrations : { journal, migrations };
  if (!own?.entries) throw new TypeError("Expected `journal`: the content of meta/_journal.json");
  return fromJournal(texts, own);
}

function isList(migrations: MigrateConfig["migrations"]): migrations is readonly Migration[] {
  return Array.isArray(migrations);
}

function isBundle(
  migrations: MigrateConfig["migrations"],
): migrations is { readonly journal: Journal; readonly migrations: Texts } {
  return typeof (migrations as Partial<Record<string, unknown>>)["journal"] === "object";
}
