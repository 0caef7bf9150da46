// Writes to a database until it is killed, and says what it was told is kept. Started by file-storage.test.ts.

import * as fs from "node:fs";
import process from "node:process";
import initSqlJs from "sql.js";
import { createDatabase } from "isopool";
import { sqlJs } from "isopool/sql-js";
import { fileStorage } from "isopool/sql-js/storage/file";

const [folder] = process.argv.slice(2);
const storage = fileStorage({ fs, process, folder });
const db = createDatabase("sqljs:bank", { adapters: [sqlJs({ sqlJs: await initSqlJs(), storage })] });

await db.autocommit.query("CREATE TABLE IF NOT EXISTS account (id INTEGER PRIMARY KEY, balance INTEGER, filler)");
await db.autocommit.query("CREATE TABLE IF NOT EXISTS done (number INTEGER)");
const [{ count }] = (await db.autocommit.query("SELECT count(*) AS count FROM account")).rows;
if (count === 0)
  await db.autocommit.query(
    "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) INSERT INTO account SELECT i, 100, randomblob(900) FROM n",
  );
let [{ last }] = (await db.autocommit.query("SELECT coalesce(max(number), 0) AS last FROM done")).rows;
for (;;) {
  last++;
  await db.session(async (session) => {
    for (let move = 0; move < 8; move++) {
      const [from, to] = [1 + ((last * 7 + move) % 200), 1 + ((last * 13 + move * 3) % 200)];
      await session.query("UPDATE account SET balance = balance - 3, filler = randomblob(900) WHERE id = ?", [from]);
      await session.query("UPDATE account SET balance = balance + 3 WHERE id = ?", [to]);
    }
    await session.query("DELETE FROM done");
    await session.query("INSERT INTO done VALUES (?)", [last]);
  });
  fs.writeSync(1, `${last}\n`);
}
