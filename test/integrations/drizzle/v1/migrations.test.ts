import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { migrate as migratePostgres } from "drizzle-orm/neon-serverless/migrator";
import { migrateAsync } from "drizzle-orm/sqlite-core/async/session";
import { expect, onTestFinished, test } from "vitest";
import { migrate } from "../../../../src/integrations/drizzle/v1/index.ts";
import { type Migrations, migrationTests } from "../migrations.ts";
import { places, sqlite } from "./operations.ts";
import { openSqlJs } from "../places.ts";

const timeOf = (index: number): number => Date.UTC(2026, 0, 31, 12, 0, index);
const nameOf = (index: number): string => `202601311200${String(index).padStart(2, "0")}_some_name`;

/** A folder as drizzle-kit writes it. */
function folderOf(texts: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "isopool-drizzle-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  texts.forEach((text, index) => {
    mkdirSync(join(folder, nameOf(index)));
    writeFileSync(join(folder, nameOf(index), "migration.sql"), text);
  });
  return folder;
}

const migrations: Migrations = {
  migrate: (orm, config) => migrate(orm as never, config as never),
  bundle: (texts) => ({ migrations: Object.fromEntries(texts.map((text, index) => [nameOf(index), text])) }),
  own: async (orm, texts, dialect) => {
    const config = { migrationsFolder: folderOf(texts) };
    // The migrator of @libsql/client's needs its client: that of all others is the dialect's.
    if (dialect === "postgres") return migratePostgres(orm as never, config);
    return migrateAsync(readMigrationFiles(config), orm as never);
  },
};

for (const place of places) migrationTests(place, migrations);

test("texts may have the names of their files, or paths to them, and come as Drizzle reads them from files", async () => {
  const texts = ["create table one (id int)", "create table two (id int)"];
  const named = Object.fromEntries(texts.map((text, index) => [`./drizzle/${nameOf(index)}/migration.sql`, text]));
  for (const config of [
    { migrations: named },
    { migrations: { migrations: named } },
    { migrations: readMigrationFiles({ migrationsFolder: folderOf(texts) }) },
  ]) {
    const { db, orm } = await openSqlJs(sqlite);
    await migrate(orm as never, config);
    expect((await db.autocommit.query("select hash from __drizzle_migrations")).rows).toHaveLength(2);
  }
  const { orm } = await openSqlJs(sqlite);
  await expect(migrate(orm as never, { migrations: { some_name: "select 1" } })).rejects.toThrow(
    "Expected a migration's name to begin with its time, 20260131120000, got `some_name`",
  );
});

test("a table of Drizzle before 1.0 is brought up to date, and what was done is not done again", async () => {
  for (const { operations, dialect, open } of places) {
    const { db, orm } = await open();
    const isPostgres = dialect === "postgres";
    const table = isPostgres ? "drizzle.__drizzle_migrations" : "__drizzle_migrations";
    await db.autocommit.batch([
      ...(isPostgres ? ["create schema drizzle"] : []),
      `create table ${table} (id serial primary key, hash text not null, created_at ${isPostgres ? "bigint" : "numeric"})`,
      "create table one (id int)",
      `insert into ${table} (hash, created_at) values ('other', ${timeOf(0)})`,
    ]);
    await migrations.migrate(orm, migrations.bundle(["create table one (id int)", "create table two (id int)"]));
    expect(await operations.raw(orm, `select name from ${table} order by name`)).toEqual([
      { name: nameOf(0) },
      { name: nameOf(1) },
    ]);
  }
});

test("`init` marks the only migration as done, and says why it does not", async () => {
  for (const { operations, open } of places) {
    const { orm } = await open();
    const bundle = (count: number): object => ({
      ...migrations.bundle(["create table one (id int)", "create table two (id int)"].slice(0, count)),
      init: true,
    });
    expect(await migrations.migrate(orm, bundle(2))).toEqual({ exitCode: "localMigrations" });
    expect(await migrations.migrate(orm, bundle(1))).toBe(undefined);
    expect(await migrations.migrate(orm, bundle(1))).toEqual({ exitCode: "databaseMigrations" });
    await expect(operations.raw(orm, "select * from one")).rejects.toThrow("select * from one");
  }
});
