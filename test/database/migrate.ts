import type { Database } from "../../src/index.ts";

export interface Migration {
  /** It never changes once the migration has run anywhere. */
  readonly name: string;
  readonly statements: readonly string[];
  /** SQLite: for a table that is rebuilt. */
  readonly foreignKeys?: "off";
}

/** Runs what is due, in order, each in a transaction of its own; returns the names. Programs that start at once wait for each other. */
export async function migrate(db: Database, migrations: readonly Migration[]): Promise<string[]> {
  const done: string[] = [];
  const isPostgres = db.dialect === "postgres";
  for (const { name, statements, foreignKeys } of migrations) {
    const isDue = await db.session(
      async (session) => {
        // On SQLite, `immediate` is the lock.
        if (isPostgres) await session.sql`select pg_advisory_xact_lock(7219)`;
        await session.sql`create table if not exists migration (name text primary key)`;
        if (await session.sql`select name from migration where name = ${name}`.first()) return false;
        await session.batch([...statements, session.sql`insert into migration (name) values (${name})`]);
        return true;
      },
      { name: `migration ${name}`, ...(!isPostgres && { behavior: "immediate", foreignKeys }) },
    );
    if (isDue) done.push(name);
  }
  return done;
}
