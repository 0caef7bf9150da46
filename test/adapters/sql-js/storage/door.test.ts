// The private door of sql.js is tested at start, and used where it passes; where it does not, nothing depends on it.

import { expect, test } from "vitest";
import type { SqlJsDatabase, SqlJsStatic } from "../../../../src/adapters/sql-js/index.ts";
import { ComparedFile } from "../../../../src/adapters/sql-js/storage/compared-file.ts";
import { watchFile } from "../../../../src/adapters/sql-js/storage/database-file.ts";
import { WatchedFile } from "../../../../src/adapters/sql-js/storage/watched-file.ts";
import { engines, newest, withoutDoor } from "./engines.ts";

function fileOf(engine: SqlJsStatic): { db: SqlJsDatabase; file: ReturnType<typeof watchFile> } {
  const db = new engine.Database();
  const file = watchFile(engine, db, undefined, undefined);
  db.exec("PRAGMA journal_mode=MEMORY; CREATE TABLE t (id INTEGER PRIMARY KEY, x)");
  db.exec(
    "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO t SELECT i, randomblob(999) FROM n",
  );
  file.take();
  return { db, file };
}

test.each(engines)("sql.js %s: its door passes, and one row is a block or two of many", (_, engine) => {
  const { db, file } = fileOf(engine);
  expect(file).toBeInstanceOf(WatchedFile);
  db.exec("UPDATE t SET x = randomblob(999) WHERE id = 250");
  const { sizeBytes, blocks } = file.take()!;
  expect(sizeBytes).toBeGreaterThan(500_000);
  // The row's page, and the header's counter.
  expect([...blocks.keys()]).toEqual([0, expect.any(Number)]);
  expect(file.take()).toBeUndefined();
  db.exec("SELECT count(*) FROM t");
  expect(file.take()).toBeUndefined();
  file.release();
  db.close();
});

test("a build that does not say which file is which is compared", () => {
  const { db, file } = fileOf(withoutDoor(newest));
  expect(file).toBeInstanceOf(ComparedFile);
  db.exec("UPDATE t SET x = randomblob(999) WHERE id = 250");
  // The counter in the header is not in an image that is exported.
  expect([...file.take()!.blocks.keys()]).toEqual([expect.any(Number)]);
  expect(file.take()).toBeUndefined();
  db.close();
});

test("a build whose databases name another file than their own is found out, and spoils no other build", () => {
  const lying: SqlJsStatic = {
    Database: class extends newest.Database {
      readonly #filename: unknown;
      constructor(image?: Uint8Array) {
        super(image);
        this.#filename = (this as unknown as { filename: unknown }).filename;
        Object.assign(this, { filename: "another" });
      }
      override close(): void {
        Object.assign(this, { filename: this.#filename });
        super.close();
      }
    },
  };
  const { db, file } = fileOf(newest);
  const other = new lying.Database();
  expect(watchFile(lying, other, undefined, undefined)).toBeInstanceOf(ComparedFile);
  other.close();
  db.exec("DELETE FROM t");
  expect(file.take()).toBeDefined();
  file.release();
  db.close();
});

test("nothing is taken while a transaction is open, and all of it when it is committed", () => {
  for (const engine of [newest, withoutDoor(newest)]) {
    const { db, file } = fileOf(engine);
    db.exec("PRAGMA cache_size = 3; BEGIN; UPDATE t SET x = zeroblob(900)");
    expect(file.take()).toBeUndefined();
    db.exec("ROLLBACK");
    file.take();
    db.exec("BEGIN; DELETE FROM t WHERE id > 20; COMMIT");
    expect(file.take()).toBeDefined();
    file.release();
    db.close();
  }
});

test("a database that is switched to WAL keeps its commits in its own file", () => {
  const { db, file } = fileOf(newest);
  db.exec("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL");
  file.take();
  expect(db.exec("PRAGMA journal_mode")).toMatchObject([{ values: [["memory"]] }]);
  db.exec("INSERT INTO t VALUES (1000, 1)");
  expect(file.take()).toBeDefined();
  file.release();
  db.close();
});
