import type { SqlJsDatabase, SqlJsStatic } from "../driver.ts";
import { BLOCK_BYTES, type Change } from "./block.ts";
import { ComparedFile } from "./compared-file.ts";
import { Door } from "./door.ts";
import { type DatabaseFile, WatchedFile } from "./watched-file.ts";

const doors = new WeakMap<SqlJsStatic, Door | "none">();

/**
 * Follows what is written to `db`: through the private door of sql.js where this build's has passed its test, by comparing images where not.
 *
 * @param image - what `db` was made of, as it was kept.
 * @param before - the file of which `db` is a copy.
 */
export function watchFile(
  sqlJs: SqlJsStatic,
  db: SqlJsDatabase,
  image: Uint8Array | undefined,
  before: DatabaseFile | undefined,
): DatabaseFile {
  const door = doors.get(sqlJs) ?? openDoor(sqlJs);
  doors.set(sqlJs, door);
  if (door !== "none") return new WatchedFile(door, db, before);
  return new ComparedFile(db, before instanceof ComparedFile ? before.image : image);
}

function openDoor(sqlJs: SqlJsStatic): Door | "none" {
  try {
    const door = Door.open(sqlJs);
    if (door && passes(sqlJs, door)) return door;
  } catch {}
  return "none";
}

/** Whether the blocks that come through it are those of the database: after inserts, a rollback, and a VACUUM that makes it smaller. */
function passes(sqlJs: SqlJsStatic, door: Door): boolean {
  const db = new sqlJs.Database();
  const file = new WatchedFile(door, db);
  try {
    const image = new Map<number, Uint8Array>();
    for (const sql of [
      "PRAGMA locking_mode=EXCLUSIVE;PRAGMA journal_mode=MEMORY;CREATE TABLE t(x);INSERT INTO t VALUES(zeroblob(40000)),(randomblob(9000))",
      "UPDATE t SET x=randomblob(9000);BEGIN;DELETE FROM t;ROLLBACK",
      "DELETE FROM t WHERE rowid=1;VACUUM",
    ]) {
      db.exec(sql);
      const change = file.take();
      if (!change) return false;
      for (const [block, bytes] of change.blocks) image.set(block, bytes);
      if (!isImageOf(db, sqlJs, image, change)) return false;
    }
    return file.take() === undefined;
  } finally {
    file.release();
    db.close();
  }
}

function isImageOf(
  db: SqlJsDatabase,
  sqlJs: SqlJsStatic,
  blocks: Map<number, Uint8Array>,
  { sizeBytes }: Change,
): boolean {
  const bytes = new Uint8Array(sizeBytes);
  for (const [block, content] of blocks)
    if (block * BLOCK_BYTES < sizeBytes)
      bytes.set(content.subarray(0, sizeBytes - block * BLOCK_BYTES), block * BLOCK_BYTES);
  const copy = new sqlJs.Database(bytes);
  try {
    const [expected, found] = [db.export(), copy.export()];
    return expected.length === found.length && expected.every((byte, at) => byte === found[at]);
  } finally {
    copy.close();
  }
}
