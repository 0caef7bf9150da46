import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { migrate as migratePostgres } from "drizzle-orm/neon-serverless/migrator";
import { expect, onTestFinished, test } from "vitest";
import { migrate } from "../../../src/integrations/drizzle/index.ts";
import { setsForeignKeys } from "../../../src/integrations/drizzle/statements.ts";
import { type Migrations, migrationTests } from "./migrations.ts";
import { places, sqlite } from "./operations.ts";
import { openSqlJs, type Orm } from "./places.ts";

const tagOf = (index: number): string => `${String(index).padStart(4, "0")}_some_name`;
const journalOf = (texts: readonly string[]) => ({
  entries: texts.map((_, idx) => ({ idx, when: 1_700_000_000_000 + idx, tag: tagOf(idx), breakpoints: true })),
});

/** A folder as drizzle-kit writes it. */
function folderOf(texts: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "isopool-drizzle-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "meta"));
  writeFileSync(join(folder, "meta", "_journal.json"), JSON.stringify(journalOf(texts)));
  texts.forEach((text, index) => writeFileSync(join(folder, `${tagOf(index)}.sql`), text));
  return folder;
}

const migrations: Migrations = {
  migrate: (orm, config) => migrate(orm as never, config as never),
  bundle: (texts) => ({
    journal: journalOf(texts),
    migrations: Object.fromEntries(texts.map((text, index) => [`m${String(index).padStart(4, "0")}`, text])),
  }),
  own: async (orm, texts, dialect) => {
    const config = { migrationsFolder: folderOf(texts) };
    // The migrator of @libsql/client's needs its client: that of all others is the dialect's.
    if (dialect === "postgres") return migratePostgres(orm as never, config);
    const { dialect: own, session } = orm as unknown as {
      dialect: { migrate(...all: unknown[]): Promise<void> };
      session: unknown;
    };
    return own.migrate(readMigrationFiles(config), session, config);
  },
};

for (const place of places) migrationTests(place, migrations);

test("texts may have the names of their files, or paths to them, and come as Drizzle reads them from files", async () => {
  const texts = ["create table one (id int)", "create table two (id int)"];
  const named = Object.fromEntries(texts.map((text, index) => [`./drizzle/${tagOf(index)}.sql`, text]));
  for (const config of [
    { migrations: named, journal: journalOf(texts) },
    { migrations: { migrations: named, journal: journalOf(texts) } },
    { migrations: readMigrationFiles({ migrationsFolder: folderOf(texts) }) },
  ]) {
    const { db, orm } = await openSqlJs(sqlite);
    await migrate(orm as never, config);
    expect((await db.autocommit.query("select hash from __drizzle_migrations")).rows).toHaveLength(2);
  }
  const { orm } = await openSqlJs(sqlite);
  const missing = migrate(orm as never, { migrations: { m0000: texts[0]! }, journal: journalOf(texts) });
  await expect(missing).rejects.toThrow("Expected `migrations` to hold `0001_some_name` of the journal");
  await expect(migrate(orm as never, { migrations: {} })).rejects.toThrow("Expected `journal`");
});

test.each(["PRAGMA foreign_keys=OFF", "-- Custom SQL migration file --\n/* a */ pragma main.foreign_keys = off"])(
  "%s is left to the session's own option",
  (statement) => expect(setsForeignKeys(statement)).toBe(true),
);

test("an orm that is made of a Session migrates in it", async () => {
  const { db } = await openSqlJs(sqlite);
  const session = db.open();
  const orm: Orm = sqlite.make(session);
  await migrate(orm as never, migrations.bundle(["create table one (id int)"]) as never);
  expect(await sqlite.raw(orm, "select count(*) as count from one")).toEqual([{ count: 0 }]);
  await session.rollback();
  await session.close();
  await expect(db.autocommit.query("select * from one")).rejects.toThrow("no such table");
});
