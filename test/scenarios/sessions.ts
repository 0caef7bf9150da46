// Real sessions in a bundle: sql.js behind db.sql, as a page has it.

import initSqlJs from "sql.js";
import { sqlJs } from "../../src/adapters/sql-js/index.ts";
import { type ContextProvider, createDatabase, type Database, isDbError } from "../../src/index.ts";
import { deferred, sleep } from "./library.ts";

export interface SessionsReport {
  /** Sessions that saw their own, and nobody else's, at every place. */
  readonly own: number;
  /** Probes of unrelated code in which somebody was current. */
  readonly leaks: number;
  /** Rows that were committed, two a session that did not fail. */
  readonly rows: number;
  /** What callbacks were told that a session has left behind. */
  readonly late: readonly string[];
  /** What a statement outside of all sessions was told. */
  readonly outside: string;
  /** Left over at the end. */
  readonly busy: number;
}

/** A hundred interleaved transactions, each of which fails when its number ends in a 7. */
export async function playSessions(context: ContextProvider, wasm: string): Promise<SessionsReport> {
  const engine = initSqlJs({ locateFile: () => wasm });
  const db = createDatabase("sqljs:memory", {
    adapters: [sqlJs({ sqlJs: () => engine })],
    context,
    pool: { acquireTimeoutMs: 60_000 },
  });
  await db.autocommit.sql`create table visit (flow integer primary key)`;
  await db.autocommit.sql`create table note (flow integer primary key references visit, text text)`;
  let leaks = 0;
  let isOver = false;
  const bystander = (async () => {
    while (!isOver) {
      if (db.current()) leaks++;
      await sleep(0);
    }
  })();
  const late: Promise<string>[] = [];
  const { promise: ended, resolve: end } = deferred<undefined>();
  const flows = Array.from({ length: 100 }, (_, index) =>
    playOne(db, index, () => late.push(ended.then(() => codeOf(() => db.sql`select ${index}`)))),
  );
  const own = (await Promise.all(flows)).filter(Boolean).length;
  isOver = true;
  end(undefined);
  await bystander;
  const outside = await codeOf(() => db.sql`select 1`);
  const [{ rows } = { rows: -1 }] = await db.autocommit.sql<{ rows: number }>`
    select (select count(*) from visit) + (select count(*) from note) as rows`;
  const report = { own, leaks, rows, late: [...new Set(await Promise.all(late))], outside, busy: db.stats().busy };
  await db.dispose();
  return report;
}

async function playOne(db: Database, index: number, askLater: () => void): Promise<boolean> {
  let isOwn = true;
  const work = db.session(async (session) => {
    const look = (): void => void (isOwn &&= db.current() === session);
    look();
    await sleep(index % 5);
    look();
    await write(db, index, look);
    askLater();
    for await (const row of db.stream<{ flow: number }>(db.sql`select flow from visit where flow = ${index}`)) {
      look();
      isOwn &&= row.flow === index;
    }
    if (index % 10 === 7) throw new Error("on purpose");
    look();
  });
  await work.catch((error: unknown) => {
    if (isDbError(error)) isOwn = false;
  });
  return isOwn && db.current() === undefined;
}

async function write(db: Database, index: number, look: () => void): Promise<void> {
  await db.sql`insert into visit values (${index})`;
  look();
  await db.transaction(async () => {
    await sleep(0);
    await db.sql`insert into note values (${index}, ${`by ${index}`})`;
  });
  look();
  const rows = await db.sql<{ flow: number }>`select flow from visit natural join note where text = ${`by ${index}`}`;
  look();
  if (rows[0]?.flow !== index) throw new TypeError("read what another wrote");
}

async function codeOf(work: () => PromiseLike<unknown>): Promise<string> {
  try {
    await work();
    return "done";
  } catch (error) {
    return isDbError(error) ? error.code : String(error);
  }
}
