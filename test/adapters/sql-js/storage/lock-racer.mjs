// Takes a lock file again and again, beside others that do the same, and dies with it at times. Started by lock-race.test.ts.

import * as fs from "node:fs";
import process from "node:process";
import { lockFile } from "../../../../dist/adapters/sql-js/storage/file-lock.js";

const [folder, number, rounds] = process.argv.slice(2);
const path = `${folder}/shop.sqlite`;
const KEY = Symbol.for("isopool.sql-js.locks.2");
const counts = { taken: 0, died: 0, overlaps: 0 };

/** Owners come and go within this process: each has a number of its own, and lives as long as its file. */
for (let owner = 0; owner < Number(rounds); owner++) {
  const pid = Number(number) * 100_000 + owner + 1;
  const alive = `${folder}/alive-${pid}`;
  fs.writeFileSync(alive, "");
  const processes = {
    pid,
    kill: (other) => {
      if (!fs.existsSync(`${folder}/alive-${other}`)) throw Object.assign(new Error("gone"), { code: "ESRCH" });
    },
  };
  let unlock;
  while (!unlock) {
    try {
      ({ unlock } = lockFile(fs, processes, path, "shop"));
    } catch (error) {
      if (error.details?.reason !== "locked") throw error;
    }
  }
  counts.taken++;
  try {
    fs.writeFileSync(`${folder}/inside`, String(pid), { flag: "wx" });
    fs.rmSync(`${folder}/inside`);
  } catch {
    counts.overlaps++;
  }
  if (owner % 3 === 0) {
    counts.died++;
    globalThis[KEY].clear();
    fs.rmSync(alive);
  } else {
    unlock();
    fs.rmSync(alive);
  }
}
fs.writeSync(1, JSON.stringify(counts));
