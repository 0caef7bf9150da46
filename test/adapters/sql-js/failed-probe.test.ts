// sql.js does not say whether a transaction is open, so an empty one is begun and ended to find out. What if that fails?

import { expect, test } from "vitest";
import { sqlJs } from "../../../src/adapters/sql-js/index.ts";
import { createDatabase, type Database } from "../../../src/index.ts";
import { BrokenEngine, rowsIn } from "../fault-matrix/broken-engine.ts";
import { Disk } from "./storage/disk.ts";
import { diskStorage, imageOn } from "./storage/disk-storage.ts";
import { engine } from "./target.ts";

let shops = 0;

function open(disk?: Disk): { readonly db: Database; readonly broken: BrokenEngine } {
  const broken = new BrokenEngine(engine, () => undefined);
  const storage = disk && diskStorage(disk);
  const adapter = sqlJs({ sqlJs: broken.engine, ...(storage && { storage }) });
  return { db: createDatabase(`sqljs:probed-${++shops}`, { adapters: [adapter] }), broken };
}

const insert = (db: Database, n: number): Promise<unknown> =>
  db.session((session) => session.query(`INSERT INTO goods VALUES (${n})`));

/** Plays work with a failure at each of its calls, until there are no more. */
async function atEachCall(
  kinds: readonly ("refuse" | "trap")[],
  play: (fail: (broken: BrokenEngine) => void, name: string) => Promise<void>,
): Promise<void> {
  for (const kind of kinds)
    for (let after = 0, isMet = true; isMet; after++) {
      isMet = false;
      await play((broken) => {
        broken.fail(kind, after);
        const { clear } = broken;
        broken.clear = () => {
          isMet = !broken.isWaiting;
          clear.call(broken);
        };
      }, `${kind} at call ${after}`);
    }
}

test("a commit that is told of is kept, whatever fails while it is looked for", async () => {
  await atEachCall(["refuse", "trap"], async (fail, name) => {
    const disk = new Disk();
    const { db, broken } = open(disk);
    await db.autocommit.query("CREATE TABLE goods (n INTEGER)");
    fail(broken);
    const isTold = await insert(db, 1).then(
      () => true,
      () => false,
    );
    broken.clear();
    if (isTold) expect([name, rowsIn(engine, imageOn(disk), "goods")]).toEqual([name, [1]]);
    await insert(db, 2);
    expect([name, rowsIn(engine, imageOn(disk), "goods").includes(2)]).toEqual([name, true]);
    await db.dispose();
    expect([name, broken.databases.size]).toEqual([name, 0]);
  });
});

test("a look at the state that fails leaves no transaction open for the next session", async () => {
  await atEachCall(["refuse"], async (fail, name) => {
    const { db, broken } = open();
    await db.autocommit.query("CREATE TABLE goods (n INTEGER)");
    fail(broken);
    await db.autocommit.query("CREATE TABLE other (n INTEGER)").catch(() => undefined);
    broken.clear();
    await insert(db, 1);
    expect([name, (await db.autocommit.query("SELECT n FROM goods")).rows]).toEqual([name, [{ n: 1 }]]);
    await db.dispose();
    expect([name, broken.databases.size]).toEqual([name, 0]);
  });
});
