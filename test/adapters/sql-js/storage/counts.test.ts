// A storage that fails says how many commits are saved and how many are not, and the image can be taken out.

import { expect, test } from "vitest";
import { type SqlJsDatabase, sqlJs } from "../../../../src/adapters/sql-js/index.ts";
import { createDatabase } from "../../../../src/index.ts";
import { engine } from "../target.ts";
import { Disk } from "./disk.ts";
import { diskStorage, imageOn } from "./disk-storage.ts";

function countIn(image: Uint8Array): unknown {
  const db = new engine.Database(image);
  try {
    return (db.exec("SELECT count(*) FROM t") as { values: unknown }[])[0]!.values;
  } finally {
    db.close();
  }
}

test.each(["quota", "error"] as const)("%s", async (kind) => {
  const disk = new Disk();
  const db = createDatabase(`sqljs:counts-${kind}`, {
    adapters: [sqlJs({ sqlJs: engine, storage: diskStorage(disk) })],
  });
  await db.autocommit.query("CREATE TABLE t (x)");
  await db.autocommit.query("INSERT INTO t VALUES (1)");
  for (const unsaved of [1, 2]) {
    disk.fault = { at: disk.steps, kind };
    await expect(db.autocommit.query("INSERT INTO t VALUES (?)", [unsaved + 1])).rejects.toMatchObject({
      code: "STORAGE_FAILED",
      outcome: "unknown",
      message: expect.stringContaining(`(2 of its commits are saved, ${unsaved} are in memory alone)`),
      details: { reason: kind === "quota" ? "full" : "failed", saved: 2, unsaved },
    });
  }
  const image = await db.session(async (session) => {
    const { raw } = await session.getConnection();
    return (raw as SqlJsDatabase).export();
  });
  expect(countIn(image)).toEqual([[3]]);
  // There is room again: all of it is kept.
  await db.autocommit.query("INSERT INTO t VALUES (4)");
  expect(countIn(imageOn(disk))).toEqual([[4]]);
  await db.dispose();
});
