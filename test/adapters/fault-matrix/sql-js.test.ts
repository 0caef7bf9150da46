// sql.js with its commits on a disk: the engine fails at any of its calls, and the disk at any of its writes.

import { sqlJs } from "../../../src/adapters/sql-js/index.ts";
import { JumpingClock } from "../../kit/jumping-clock.ts";
import { Disk, type Fault as DiskFault } from "../sql-js/storage/disk.ts";
import { diskStorage, imageOn } from "../sql-js/storage/disk-storage.ts";
import { engine } from "../sql-js/target.ts";
import { BrokenEngine, type EngineFault, rowsIn } from "./broken-engine.ts";
import { playMatrix } from "./matrix.ts";
import { type Action, actionsOf, type Stage } from "./stage.ts";
import { openSubject, passDeadlines } from "./subject.ts";

const SETUP = [
  "CREATE TABLE IF NOT EXISTS goods (n INTEGER)",
  "CREATE TABLE IF NOT EXISTS kept (n INTEGER REFERENCES parents (n) DEFERRABLE INITIALLY DEFERRED)",
  "CREATE TABLE IF NOT EXISTS parents (n INTEGER PRIMARY KEY)",
];

const ENGINE: Action[] = [
  ...actionsOf("call", {
    refuse: { engine: "refuse" },
    trap: { engine: "trap" },
    "trap-after": { engine: "trap-after" },
  }),
  { name: "abort", at: "call", fault: { engine: "none" }, next: "abort" },
  { name: "deadline", at: "call", fault: { engine: "none" }, next: "deadline" },
];
const DISK = actionsOf("write", { short: { disk: "short" }, error: { disk: "error" }, quota: { disk: "quota" } });

let shops = 0;

function start(): Stage {
  const clock = new JumpingClock();
  let disk = new Disk();
  let seen = 0;
  let isNew = false;
  let waiting: (() => void) | undefined;
  const happen = (): void => {
    isNew = waiting === undefined;
    waiting?.();
    waiting = undefined;
  };
  const broken = new BrokenEngine(engine, happen);
  return {
    open: () => {
      disk = new Disk();
      seen = 0;
      const adapter = sqlJs({ sqlJs: broken.engine, storage: diskStorage(disk) });
      // Engines are found by their names.
      const url = `sqljs:shop-${++shops}`;
      return openSubject({ url, adapter, clock, setup: SETUP, refused: "INSERT INTO kept VALUES (99)" });
    },
    counts: async () => {
      const counts = { call: broken.calls, write: disk.steps };
      broken.calls = 0;
      return counts;
    },
    fail: async (fault, after) => {
      const { engine: kind, disk: trouble } = fault as { engine?: EngineFault; disk?: DiskFault };
      if (kind) broken.fail(kind, after);
      if (trouble) disk.fault = { at: disk.steps + after, kind: trouble };
    },
    met: () => {
      const wasNew = isNew;
      isNew = false;
      return wasNew ? Promise.resolve() : new Promise((resolve) => (waiting = resolve));
    },
    passDeadlines: () => passDeadlines(clock),
    clear: async () => {
      broken.clear();
      disk.fault = undefined;
      waiting?.();
      waiting = undefined;
      isNew = false;
    },
    take: async () => {
      // What a process would find that begins now.
      const rows = rowsIn(engine, imageOn(disk), "goods").slice(seen);
      seen += rows.length;
      return rows.toSorted((a, b) => a - b);
    },
    leaks: async () => [
      ...Array.from(broken.databases, () => "an engine"),
      ...Array.from(broken.statements, () => "a prepared statement"),
    ],
    stop: async () => undefined,
  };
}

playMatrix({
  name: "sql.js, each commit on a disk",
  actions: [...ENGINE, ...DISK],
  endings: ["commit", "rollback", "refused"],
  all: [1, 2, 4],
  isLate: true,
  start: async () => start(),
});
