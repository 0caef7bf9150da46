// What grows stays flat: the cost of one, among few and among many; what it costs to wait; and what a database holds in memory.
// CPU time, interleaved; a ratio is the median of its rounds.

import { AsyncLocalStorage } from "node:async_hooks";
import initSqlJs from "sql.js";
import { sqlJs } from "../../dist/adapters/sql-js/index.js";
import { asyncLocal, closeAllInstances, createDatabase, setFolder } from "../../dist/index.js";

const ROUNDS = 5;
const FEW = 100;
const MANY = 10_000;
const HELD = 5_000;
const TARGET = "at most 1.5x the cost of one of few";

/** A connection that answers at once: what is measured is ours. */
class Connection {
  raw;
  setup = [];
  state = "idle";
  isReusable = true;

  send({ steps }) {
    for (const { kind } of steps) {
      if (kind === "begin") this.state = "transaction";
      if (kind === "commit" || kind === "rollback") this.state = "idle";
    }
    return steps.map(() => ANSWER);
  }

  close() {
    this.state = "closed";
  }
}

const ANSWER = { status: "done", result: { columns: ["n"], rows: [[1]], rowsAffected: 0 } };
const capabilities = {
  dialect: "sqlite",
  affinity: "isolate",
  transactions: "interactive",
  savepoints: true,
  streaming: false,
  maxConnections: 10,
  placeholder: "?",
  isolationLevels: ["serializable"],
  tellsDeath: true,
};
const factory = {
  dialect: "sqlite",
  schemes: ["none"],
  identity: [],
  create: ({ url }) => ({ name: "none", key: url, capabilities, open: () => new Connection() }),
};
const SQL = await initSqlJs();

/** Each: `prepare(n)` gives what one round of `n` does, and how many times it does it. */
const GROWN = {
  "a statement of one tick, in a session": {
    few: FEW,
    many: MANY,
    prepare: () => {
      const db = keep(open());
      return (count) => db.session((session) => together(count, () => session.query("select 1")));
    },
  },
  "a session that waits, over 10 connections": {
    few: FEW,
    many: MANY,
    prepare: () => {
      const db = keep(open({ pool: { max: 10 } }));
      return (count) => together(count, () => db.session((session) => session.query("select 1")));
    },
  },
  "a database: made, used once and disposed of": {
    few: FEW,
    many: MANY,
    prepare: () => async (count) => {
      const all = Array.from({ length: count }, () => open());
      for (const db of all) await db.session((session) => session.query("select 1"));
      for (const db of all) await db.dispose();
    },
  },
  "a use of a database, among many": {
    few: FEW,
    many: MANY,
    prepare: (count) => {
      const all = Array.from({ length: count }, () => keep(open()));
      return async () => {
        for (const db of all) await db.session((session) => session.query("select 1"));
      };
    },
  },
  "a database of one URL, with a hook of its own: made, used once and disposed of": {
    few: FEW,
    many: MANY,
    prepare: () => async (count) => {
      // A hook that is written where the database is made is another one each time: each has a pool of its own.
      const all = Array.from({ length: count }, () =>
        createDatabase("none:shared", { adapters: [factory], afterConnection: () => undefined }),
      );
      for (const db of all) await db.session((session) => session.query("select 1"));
      for (const db of all) await db.dispose();
    },
  },
  "createDatabase() and dispose(), beside databases in use": {
    few: FEW,
    many: MANY,
    prepare: async (count) => {
      const all = await used(count);
      return async () => {
        for (const _ of all) await open().dispose();
      };
    },
  },
  "closeAllInstances() and setFolder(), beside databases in use": {
    few: FEW,
    many: MANY,
    prepare: async (count) => {
      const context = asyncLocal(AsyncLocalStorage);
      const all = await used(count, { context });
      return async () => {
        for (const _ of all) {
          setFolder("");
          await closeAllInstances();
        }
      };
    },
  },
  "a value of a row, sql.js": {
    few: 20,
    many: 2_000,
    prepare: (count) => {
      const db = keep(createDatabase("sqljs:memory", { adapters: [sqlJs({ sqlJs: SQL })] }));
      const sql = `select ${Array.from({ length: count }, (_, at) => `${at} as c${at}`).join(", ")}`;
      return () => db.session((session) => session.query(sql));
    },
  },
  "a row that is streamed, sql.js": {
    few: 10_000,
    many: 1_000_000,
    prepare: () => {
      const db = keep(createDatabase("sqljs:memory", { adapters: [sqlJs({ sqlJs: SQL })] }));
      const sql = "with n(i) as (select 1 union all select i + 1 from n where i < ?) select i from n";
      return async (count) => {
        let rows = 0;
        for await (const { i } of db.autocommit.stream({ text: sql, params: [count] })) if (i) rows++;
        if (rows !== count) throw new Error(`${rows} of ${count} rows`);
      };
    },
  },
};

let opened = 0;
/** Those that a row uses again and again. Disposed of at its end: the collector would go through them in every other row. */
const kept = [];

function open(options = {}) {
  return createDatabase(`none:${++opened}`, { adapters: [factory], ...options });
}

function keep(db) {
  kept.push(db);
  return db;
}

async function used(count, options) {
  const all = Array.from({ length: count }, () => keep(open(options)));
  for (const db of all) await db.session((session) => session.query("select 1"));
  return all;
}

function together(count, ask) {
  return Promise.all(Array.from({ length: count }, ask));
}

/** @returns rows for `npm run bench`. */
async function growthBench() {
  // First of all: nothing else is on the heap then.
  const held = await memory();
  const rows = [];
  for (const [name, { few, many, prepare }] of Object.entries(GROWN)) {
    const play = { few: await prepare(few), many: await prepare(many) };
    // As many of each, so that both are as warm.
    const row = await compare(
      () => costOf(play.few, few, Math.max(1, Math.round(many / few))),
      () => costOf(play.many, many, 1),
      1.5,
    );
    for (const db of kept.splice(0)) await db.dispose();
    const [one, other] = [few, many].map((count) => count.toLocaleString("en"));
    rows.push({ name: `${name}: one of ${one} and of ${other}`, ...row, target: TARGET });
  }
  return [...rows, await waiting(), await columns(), ...held];
}

/** A session that waits for its connection, to one that finds one: the same pool, 200 at once and 10 at once. */
async function waiting() {
  const db = open({ pool: { max: 10 } });
  const play = (count) => together(count, () => db.session((session) => session.query("select 1")));
  const row = await compare(
    () => costOf(play, 10, 200),
    () => costOf(play, 200, 10),
    1.5,
  );
  await db.dispose();
  const name = "a session that waits for one of 10 connections, 200 at once";
  return { name, ...row, target: "at most 1.5x one that need not wait" };
}

/** Rows of 200 columns as objects: isopool's `query()`, to sql.js's own `getAsObject()` on a prepared statement. */
async function columns() {
  const [width, height] = [200, 500];
  const db = createDatabase("sqljs:memory", { adapters: [sqlJs({ sqlJs: SQL })] });
  const fields = Array.from({ length: width }, (_, at) => `i + ${at} as c${at}`).join(", ");
  const sql = `with n(i) as (select 1 union all select i + 1 from n where i < ${height}) select ${fields} from n`;
  const prepared = new SQL.Database().prepare(sql);
  const raw = () => {
    const rows = [];
    while (prepared.step()) rows.push(prepared.getAsObject());
    prepared.reset();
    return rows;
  };
  const ours = () => db.session((session) => session.query(sql));
  const row = await compare(
    () => costOf(raw, width * height, 2),
    () => costOf(ours, width * height, 2),
    1.1,
  );
  prepared.free();
  await db.dispose();
  const name = "a value of a row of 200 columns, sql.js: query()";
  return { name, ...row, target: "at most 1.1x getAsObject() of a prepared statement" };
}

/** The cost of one thing as a ratio to that of another, in turns. */
async function compare(floor, ours, most) {
  const ratios = [];
  let value;
  for (let round = -1; round < ROUNDS; round++) {
    const least = await floor();
    value = await ours();
    if (round >= 0) ratios.push(value / least);
  }
  const ratio = median(ratios);
  return { value, unit: "ns", ratio, ok: ratio <= most };
}

/** Nanoseconds of one of `count`. */
async function costOf(play, count, times) {
  await collect();
  const before = process.cpuUsage();
  for (let time = 0; time < times; time++) await play(count);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1_000) / (count * times);
}

/** Bytes of a database that was used, and of one that was disposed of. */
async function memory() {
  await useAndDispose(100);
  const before = await heap();
  const all = Array.from({ length: HELD }, () => open());
  for (const db of all) await db.session((session) => session.query("select 1"));
  const used = ((await heap()) - before) / HELD;
  for (const db of all.splice(0)) await db.dispose();
  // A table keeps the room of its fullest time: as many again find it, and leave nothing.
  const empty = await heap();
  await useAndDispose(HELD);
  const disposed = ((await heap()) - empty) / HELD;
  return [
    { name: "a used database holds", value: used, unit: "bytes", target: "at most 6,144", ok: used <= 6_144 },
    { name: "one that was disposed of holds", value: disposed, unit: "bytes", target: "nothing", ok: disposed < 64 },
  ];
}

async function useAndDispose(count) {
  const all = Array.from({ length: count }, () => open());
  for (const db of all) await db.session((session) => session.query("select 1"));
  for (const db of all) await db.dispose();
}

/** Bytes on the heap, once what waits for the collector has had its turn. */
async function heap() {
  globalThis.gc();
  await new Promise((resolve) => setTimeout(resolve, 100));
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

/**
 * Outside of what is measured. A row is nothing but microtasks, and the engine keeps what a `WeakRef` was made of until a task
 * ends: without one here, all that earlier rounds disposed of is still on the heap, and each `gc()` goes through it for seconds.
 */
async function collect() {
  await new Promise((resolve) => setImmediate(resolve));
  globalThis.gc?.();
}

function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

export default growthBench;
