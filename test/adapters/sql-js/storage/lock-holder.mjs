// Has a database open, and inserts a number that it is told, one by one. Started by lock-elsewhere.test.ts.

import * as fs from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import initSqlJs from "sql.js";
import { createDatabase } from "isopool";
import { sqlJs } from "isopool/sql-js";
import { fileStorage } from "isopool/sql-js/storage/file";

const storage = fileStorage({ fs, process, folder: process.argv[2] });
const db = createDatabase("sqljs:shop", { adapters: [sqlJs({ sqlJs: await initSqlJs(), storage })] });
await db.autocommit.query("CREATE TABLE IF NOT EXISTS t (x)");
fs.writeSync(1, "open\n");
for await (const line of createInterface({ input: process.stdin })) {
  const said = db.autocommit.query("INSERT INTO t VALUES (?)", [Number(line)]);
  fs.writeSync(
    1,
    `${await said.then(
      () => "done",
      ({ code }) => code,
    )}\n`,
  );
}
