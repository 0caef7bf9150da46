// After each of 400 random transactions the stored image equals the database, with every version of sql.js.

import { expect, test } from "vitest";
import type { SqlJsDatabase, SqlJsStatic } from "../../../../src/adapters/sql-js/index.ts";
import type { DriverConnection } from "../../../../src/contract/adapter.ts";
import { seeded } from "../../../kit/seeded.ts";
import { adapter, open, run } from "../connection.ts";
import { Disk } from "./disk.ts";
import { diskStorage, imageOn } from "./disk-storage.ts";
import { engines, newest, withoutDoor } from "./engines.ts";

/** As `export()` gives it: that sets some numbers of the header, in both. */
function exported(engine: SqlJsStatic, image: Uint8Array): Buffer {
  const db = new engine.Database(image);
  try {
    return Buffer.from(db.export());
  } finally {
    db.close();
  }
}

/** One transaction or lone statement. What the database refuses is part of it. */
async function act(connection: DriverConnection, random: () => number): Promise<string> {
  const pick = (count: number): number => Math.floor(random() * count);
  const blob = (): Uint8Array => new Uint8Array(pick(4) === 0 ? pick(20_000) : pick(500)).fill(pick(256));
  const change = async (): Promise<void> => {
    const table = `t${pick(3)}`;
    switch (pick(6)) {
      case 0:
        return void (await run(connection, `INSERT INTO ${table} (x, y) VALUES (?, ?)`, [pick(1_000), blob()]));
      case 1:
        return void (await run(connection, `DELETE FROM ${table} WHERE id % 3 = ?`, [pick(3)]));
      case 2:
        return void (await run(connection, `UPDATE ${table} SET x = ?, y = ? WHERE id % 5 = ?`, [1, blob(), pick(5)]));
      case 3:
        return void (await run(
          connection,
          `INSERT INTO ${table} (x, y) SELECT x + 1, y FROM ${table} ORDER BY length(y) LIMIT 9`,
        ));
      case 4:
        return void (await run(connection, `CREATE INDEX IF NOT EXISTS i${pick(3)} ON ${table} (x)`));
      default:
        return void (await run(connection, `DROP INDEX IF EXISTS i${pick(3)}`));
    }
  };
  const kind = pick(12);
  if (kind === 0) await run(connection, "VACUUM");
  else if (kind === 1) await run(connection, "PRAGMA incremental_vacuum(3)");
  else if (kind === 2) {
    await run(connection, `PRAGMA page_size = ${[512, 1_024, 4_096, 8_192, 65_536][pick(5)]}`);
    await run(connection, `PRAGMA auto_vacuum = ${pick(3)}`);
    await run(connection, "VACUUM");
  } else if (kind === 3) await run(connection, `PRAGMA user_version = ${pick(100)}`);
  else if (kind < 6) await change();
  else {
    await connection.send({ steps: [{ kind: "begin", options: {} }] });
    for (let count = pick(5); count >= 0; count--) await change();
    await connection.send({ steps: [{ kind: random() < 0.4 ? "rollback" : "commit" }] });
  }
  return String(kind);
}

async function live(engine: SqlJsStatic, seed: number, rounds: number): Promise<void> {
  const random = seeded(seed);
  const disk = new Disk();
  const on = adapter(`sqljs:stored-${seed}`, {
    sqlJs: engine,
    storage: diskStorage(disk, { checkpointBytes: 300_000 }),
  });
  const connection = await open(on);
  for (let table = 0; table < 3; table++)
    await run(connection, `CREATE TABLE t${table} (id INTEGER PRIMARY KEY, x, y)`);
  // A small cache: pages are written before their transaction ends, and some of those are rolled back.
  await run(connection, "PRAGMA cache_size = 5");
  for (let round = 0; round < rounds; round++) {
    const kind = await act(connection, random);
    const isSame = exported(engine, imageOn(disk)).equals((connection.raw as SqlJsDatabase).export());
    expect({ round, kind, isSame }).toMatchObject({ isSame: true });
  }
  expect((await run(connection, "PRAGMA integrity_check")).rows).toEqual([["ok"]]);
  await connection.close();
  await on.dispose!();
}

test.each(engines)(
  "sql.js %s: the stored image equals the database",
  async (version, engine) => {
    await live(engine, Number(version.split(".")[1]), 400);
  },
  120_000,
);

test("a build without the private door: images are compared, and the stored one equals the database too", async () => {
  await live(withoutDoor(newest), 1, 120);
});
