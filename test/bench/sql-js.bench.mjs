// Point selects and inserts through a session, beside the same work on sql.js itself: prepared, and with exec. They take
// turns, and every answer is awaited before the next question is asked. Both sides do without a transaction, or both have
// one. Processor time, not wall time: others work on this machine too. The adapter opens the database for itself alone, without a journal file: what is done without a transaction gains.

import initSqlJs from "sql.js";
import { sqlJs } from "../../dist/adapters/sql-js/index.js";
import { createDatabase } from "../../dist/index.js";

const ROWS = 1_000;
const OPERATIONS = 4_000;
const LIST = 100;
const ROUNDS = 15;
const WARM_UP = 3;
const SELECT = "SELECT name FROM item WHERE id = ?";
const INSERT = "INSERT INTO entry (name) VALUES (?)";
const SETUP = [
  "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT)",
  "CREATE TABLE entry (id INTEGER PRIMARY KEY, name TEXT)",
  `WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < ${ROWS}) INSERT INTO item SELECT id, 'item ' || id FROM n`,
];

/** @returns rows for `npm run bench`: operations a second, and the ratio to each peer, as the median of the rounds. */
async function sqlJsBench() {
  const engine = await initSqlJs({ useOldExtensionFunctions: false });
  const raw = new engine.Database();
  for (const text of SETUP) raw.run(text);
  const db = createDatabase("sqljs:memory", { adapters: [sqlJs({ sqlJs: engine })] });
  try {
    await db.session((session) => session.batch(SETUP));
    return [
      ...(await compare("point select", selects(raw, db, false))),
      ...(await compare("insert", inserts(raw, db, false))),
      ...(await compare("point select in a transaction", selects(raw, db, true), 0.47)),
      ...(await compare("insert in a transaction", inserts(raw, db, true), 0.44)),
      ...(await compare(`insert by lists of ${LIST}`, {
        ...inserts(raw, db, true),
        session: () => insertLists(db),
      })),
    ];
  } finally {
    await db.dispose();
    raw.close();
  }
}

export default sqlJsBench;

function selects(raw, db, transaction) {
  const one = async (session, n) => (await session.query(SELECT, [1 + (n % ROWS)])).rows[0].name;
  return {
    prepared: () =>
      onRaw(raw, SELECT, transaction, (statement, n) => {
        statement.bind([1 + (n % ROWS)]);
        statement.step();
        const [name] = statement.get();
        statement.reset();
        return name;
      }),
    exec: () => onRaw(raw, SELECT, transaction, (_, n) => raw.exec(SELECT, [1 + (n % ROWS)])[0].values[0][0]),
    session: () => onSession(db, transaction, 1, one),
  };
}

function inserts(raw, db, transaction) {
  return {
    prepared: () => onRaw(raw, INSERT, transaction, (statement, n) => statement.run([`entry ${n}`])),
    exec: () => onRaw(raw, INSERT, transaction, (_, n) => raw.exec(INSERT, [`entry ${n}`])),
    session: () => onSession(db, transaction, 1, (session, n) => session.query(INSERT, [`entry ${n}`])),
  };
}

function insertLists(db) {
  const list = (n) => Array.from({ length: LIST }, (_, at) => ({ text: INSERT, params: [`entry ${n + at}`] }));
  return onSession(db, true, LIST, (session, n) => session.batch(list(n)));
}

function onRaw(raw, text, transaction, work) {
  const statement = raw.prepare(text);
  if (transaction) raw.exec("BEGIN");
  const startedAt = process.cpuUsage();
  for (let n = 0; n < OPERATIONS; n++) work(statement, n);
  const elapsed = msSince(startedAt);
  if (transaction) raw.exec("ROLLBACK");
  statement.free();
  return elapsed;
}

async function onSession(db, transaction, step, work) {
  const session = db.open({ transaction });
  await session.query("SELECT 1 AS one");
  const startedAt = process.cpuUsage();
  for (let n = 0; n < OPERATIONS; n += step) await work(session, n);
  const elapsed = msSince(startedAt);
  await session.close("rollback");
  return elapsed;
}

/** Runs the peers in turns, so that what else the machine does hits them alike. */
async function compare(what, runs, least = 0.5) {
  const rounds = [];
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const times = {};
    for (const [peer, run] of Object.entries(runs)) times[peer] = await run();
    if (round >= 0) rounds.push(times);
  }
  const rate = (peer) => OPERATIONS / (median(rounds.map((times) => times[peer])) / 1000);
  const row = (peer, least, target) => {
    const ratio = median(rounds.map((times) => times[peer] / times.session));
    const name = `${what}: a session, to ${peer}`;
    return { name, value: rate("session"), unit: "/s", ratio, target, ok: ratio >= least };
  };
  return [
    { name: `${what}: sql.js prepared`, value: rate("prepared"), unit: "/s" },
    { name: `${what}: sql.js exec`, value: rate("exec"), unit: "/s" },
    row("prepared", least, `>= ${least} of prepared`),
    row("exec", 1, "faster than exec"),
  ];
}

function msSince(startedAt) {
  const { user, system } = process.cpuUsage(startedAt);
  return (user + system) / 1_000;
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
