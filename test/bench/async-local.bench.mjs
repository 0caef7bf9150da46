// What a bare await costs after 1,000 databases with `asyncLocal()` were made, used and disposed, beside a process that has
// made one: on Node 20 and 22 each AsyncLocalStorage that was ever run in makes every await of its process dearer, for ever. In turns.

import { AsyncLocalStorage } from "node:async_hooks";
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import initSqlJs from "sql.js";
import { sqlJs } from "../../dist/adapters/sql-js/index.js";
import { asyncLocal, createDatabase } from "../../dist/index.js";
import { median } from "./rounds.mjs";

const DATABASES = 1_000;
const AWAITS = 200_000;
const ROUNDS = 41;
const WARM_UP = 5;

const OTHER = "with one database";

if (process.argv[2] === OTHER) {
  await useMany(1);
  process.on("message", () => void nsOfAwait().then((ns) => process.send(ns)));
  process.send("ready");
}

/** @returns rows for `npm run bench`. */
async function asyncLocalBench() {
  const other = fork(fileURLToPath(import.meta.url), [OTHER]);
  await once(other, "message");
  await useMany(DATABASES);
  globalThis.gc();
  const seen = [];
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    other.send("next");
    const [one] = await once(other, "message");
    const many = await nsOfAwait();
    if (round >= 0) seen.push({ one, many });
  }
  other.kill();
  await once(other, "exit");
  const ratio = median(seen.map(({ one, many }) => many / one));
  const name = (count) => `an await, after ${count} with asyncLocal()`;
  return [
    { name: name("one database"), value: median(seen.map(({ one }) => one)), unit: "ns" },
    {
      name: name(`${DATABASES.toLocaleString("en")} disposed databases`),
      value: median(seen.map(({ many }) => many)),
      unit: "ns",
      ratio,
      target: "at most 1.1",
      ok: ratio <= 1.1,
    },
  ];
}

export default asyncLocalBench;

async function useMany(count) {
  const engine = await initSqlJs({ useOldExtensionFunctions: false });
  for (let n = 0; n < count; n++) {
    const db = createDatabase("sqljs:memory", {
      adapters: [sqlJs({ sqlJs: engine })],
      context: asyncLocal(AsyncLocalStorage),
    });
    try {
      await db.session(() => db.query("SELECT 1"));
    } finally {
      await db.dispose();
    }
  }
}

/** In processor time, while the other process waits. */
async function nsOfAwait() {
  const startedAt = process.cpuUsage();
  const settled = Promise.resolve();
  for (let n = 0; n < AWAITS; n++) await settled;
  const { user, system } = process.cpuUsage(startedAt);
  return ((user + system) * 1_000) / AWAITS;
}
