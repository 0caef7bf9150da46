import type { Database, RawResult, Session, Statement, StatementInput } from "../../index.ts";
import type { Migration } from "./bundle.ts";
import { type Client, databaseOf } from "./place.ts";
import { setsForeignKeys } from "./statements.ts";

/** Where Drizzle keeps what has been done. */
export interface MigrationsTable {
  /** Default `__drizzle_migrations`. */
  readonly migrationsTable?: string | undefined;
  /** PostgreSQL: default `drizzle`. */
  readonly migrationsSchema?: string | undefined;
}

/** What differs between versions of Drizzle. */
export interface Ledger {
  /** Definitions of the columns of its table. */
  readonly columns: Readonly<Record<"sqlite" | "postgres", string>>;
  /** Those of the list that are still to be done. @param found - all rows of the table, newest first. */
  pending(migrations: readonly Migration[], found: RawResult): readonly Migration[];
  /** What it writes about one that is done, by column. */
  entry(migration: Migration, dialect: "sqlite" | "postgres"): Readonly<Record<string, string | number>>;
  /** Brings a table of an older version up to date; `false` when it is. */
  upgrade?(found: RawResult): Promise<boolean>;
}

/** Why nothing was marked as done. */
export interface InitFailure {
  readonly exitCode: "databaseMigrations" | "localMigrations";
}

/**
 * Runs the migrations that are still to be done, in one transaction, one flight each; one flight when there are none. Several
 * may try at the same time: one runs them, and the others wait for it.
 *
 * @param init - marks the only one as done, and does not run it.
 */
export async function runMigrations(
  client: Client,
  migrations: readonly Migration[],
  table: MigrationsTable,
  ledger: Ledger,
  init = false,
): Promise<InitFailure | void> {
  const database = await databaseOf(client).ready();
  const { adapter } = await database.source();
  // drizzle-kit puts a breakpoint between statements; migrations written by hand may have none.
  const split = (text: string): readonly string[] =>
    (adapter.split?.(text) ?? [text]).map((each) => each.replace(/;$/, ""));
  const run = new Run(database, migrations, table, ledger, split);
  const within = "scope" in client ? client : database.current();
  // A session of its own cannot see what a transaction that is under way has done.
  const on = within ?? database.autocommit;
  let found = (await on.rawBatch(run.opening)).at(-1)!;
  if (await ledger.upgrade?.(found)) found = (await on.rawBatch(run.opening)).at(-1)!;
  if (init && found.rows.length > 0) return { exitCode: "databaseMigrations" };
  if (init && migrations.length > 1) return { exitCode: "localMigrations" };
  const pending = ledger.pending(migrations, found);
  if (pending.length === 0) return undefined;
  if (init) await on.rawBatch(run.statementsOf(pending[0]!).slice(-1));
  else if (within) await within.transaction((part) => run.inside(part), { propagation: "nested", ...run.options });
  else if (database.capabilities!.transactions === "batch") await on.rawBatch(pending.flatMap(run.statementsOf));
  else {
    // It reads before it writes; the lock comes first.
    const behavior = database.dialect === "sqlite" ? "immediate" : undefined;
    await database.session((session) => run.alone(session), { behavior, ...run.options });
  }
  return undefined;
}

class Run {
  readonly options: { readonly foreignKeys?: "off" };
  /** Finds out what has been done; makes the table if there is none. */
  readonly opening: readonly StatementInput[];
  readonly #dialect: "sqlite" | "postgres";
  readonly #migrations: readonly Migration[];
  readonly #ledger: Ledger;
  readonly #name: string;
  readonly #select: readonly StatementInput[];
  readonly #split: (text: string) => readonly string[];

  constructor(
    { dialect }: Database,
    migrations: readonly Migration[],
    { migrationsTable = "__drizzle_migrations", migrationsSchema = "drizzle" }: MigrationsTable,
    ledger: Ledger,
    split: (text: string) => readonly string[],
  ) {
    this.#dialect = dialect!;
    this.#split = split;
    this.#migrations = migrations;
    this.#ledger = ledger;
    const [table, schema] = [quote(migrationsTable), quote(migrationsSchema)];
    this.#name = dialect === "postgres" ? `${schema}.${table}` : table;
    // Two that make a schema or a table at once fail, IF NOT EXISTS or not. SQLite has one writer at a time.
    const lock = { text: "select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext($1))", params: [this.#name] };
    const select = `select * from ${this.#name} order by created_at desc`;
    this.#select = dialect === "postgres" ? [lock, select] : [select];
    const create = `create table if not exists ${this.#name} (${ledger.columns[dialect!]})`;
    this.opening =
      dialect === "postgres" ? [lock, `create schema if not exists ${schema}`, create, select] : [create, select];
    const isRebuilding = migrations.some(({ sql }) => sql.some((text) => split(text).some(setsForeignKeys)));
    this.options = isRebuilding && dialect === "sqlite" ? { foreignKeys: "off" } : {};
  }

  /** In a session of its own: COMMIT rides with the last one. */
  async alone(session: Session): Promise<void> {
    const pending = await this.#pending(session);
    for (const migration of pending.slice(0, -1)) await session.rawBatch(this.statementsOf(migration));
    await session.commit(...pending.slice(-1).flatMap(this.statementsOf));
  }

  /** As a part of a session. */
  async inside(session: Session): Promise<void> {
    for (const migration of await this.#pending(session)) await session.rawBatch(this.statementsOf(migration));
  }

  // Again, now that no one else can do them.
  async #pending(session: Session): Promise<readonly Migration[]> {
    const found = (await session.rawBatch(this.#select)).at(-1)!;
    return this.#ledger.pending(this.#migrations, found);
  }

  readonly statementsOf = (migration: Migration): Statement[] => {
    const statements = migration.sql.flatMap(this.#split);
    const entry = this.#ledger.entry(migration, this.#dialect);
    const columns = Object.keys(entry);
    const places = columns.map((_, index) => (this.#dialect === "postgres" ? `$${index + 1}` : "?"));
    const text = `insert into ${this.#name} (${columns.map(quote).join(", ")}) values (${places.join(", ")})`;
    return [
      ...statements
        .filter((each) => this.#dialect === "postgres" || !setsForeignKeys(each))
        .map((each) => ({ text: each })),
      { text, params: Object.values(entry) },
    ];
  };
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
