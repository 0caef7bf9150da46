// The image that a page is given is that of the last commit, whoever is in a transaction.

import { expect, test } from "vitest";
import { memory } from "../../../../src/adapters/sql-js/index.ts";
import { type RemoteDatabase, sqlJsWorker } from "../../../../src/adapters/sql-js/worker/index.ts";
import { createDatabase, type Database, type Session } from "../../../../src/index.ts";
import { Browser } from "../tabs/browser.ts";
import { engine } from "../target.ts";
import { hostHere } from "./threads.ts";

const browser = new Browser();
const adapters = [sqlJsWorker({ worker: () => hostHere({ sqlJs: engine, storage: memory() }) })];
const inWorker = (idleMs: number): Database => createDatabase("sqljs:exported", { adapters, pool: { idleMs } });

async function rowsIn(session: Session): Promise<unknown> {
  const { raw } = await session.getConnection();
  const image = new engine.Database(await (raw as RemoteDatabase).export());
  const [{ values }] = image.exec("SELECT x FROM t") as [{ values: unknown[][] }];
  image.close();
  return values.flat();
}

test.each<[string, () => [Database, Database], <T>(work: Promise<T>) => Promise<T>]>([
  ["of a worker", () => [inWorker(1_000), inWorker(2_000)], (work) => work],
  ["of another tab", () => [browser.tab().database(), browser.tab().database()], (work) => browser.run(work)],
  ["of this tab", () => [browser.tabs[1]!.database(), browser.tabs[0]!.database()], (work) => browser.run(work)],
])("the image %s waits for another's transaction, and is refused in one's own", async (_name, make, go) => {
  const [one, other] = make();
  await go(other.autocommit.query("DROP TABLE IF EXISTS t"));
  await go(other.autocommit.query("CREATE TABLE t AS SELECT 'kept' AS x"));
  const [writing, reading] = [one.open(), other.open()];
  await go(writing.query("INSERT INTO t VALUES ('secret')"));
  await expect(go(rowsIn(writing))).rejects.toMatchObject({
    code: "QUERY_FAILED",
    outcome: "not-executed",
    message: expect.stringContaining("commit it first"),
  });
  const image = rowsIn(reading);
  await go(writing.close("rollback"));
  expect(await go(image)).toEqual(["kept"]);
  await go(reading.close());
  await go(Promise.all([one.dispose(), other.dispose()]));
});
