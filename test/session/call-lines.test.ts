// FOUND: no error of a statement showed a line of the user's code, and the events of what failed did not carry the error.

import { describe, expect, test } from "vitest";
import { type Database, isDbError, type Session } from "../../src/index.ts";
import { queryFailed } from "../kit/fake-adapter.ts";
import { fakeDatabase } from "../kit/fake-database.ts";
import { memoryDatabase } from "../pydal/sql-js.ts";

const script = (text: string) => (text === "bad" ? { error: queryFailed("syntax", "bad") } : undefined);

type Ask = (session: Session, db: Database) => PromiseLike<unknown>;

const asks: readonly (readonly [string, Ask])[] = [
  ["sql, awaited", (s) => s.sql`bad`],
  ["sql.run()", (s) => s.sql`bad`.run()],
  ["sql.first()", (s) => s.sql`bad`.first()],
  ["sql.values()", (s) => s.sql`bad`.values()],
  ["query()", (s) => s.query("bad")],
  ["query() with a deadline of its own", (s) => s.query("bad", [], { timeoutMs: 60_000 })],
  ["batch()", (s) => s.batch(["good", "bad"])],
  ["commit(last)", (s) => s.commit("bad")],
  ["a stream", (s) => s.stream("bad")[Symbol.asyncIterator]().next()],
  ["cursor.execute()", (s) => s.cursor.execute("bad")],
  ["transaction()", (s) => s.transaction((tx) => tx.query("bad"))],
  ["a nested transaction()", (s) => s.transaction((tx) => tx.query("bad"), { propagation: "nested" })],
  ["db.sql", (_s, db) => db.sql`bad`],
  ["db.query()", (_s, db) => db.query("bad")],
  ["db.batch()", (_s, db) => db.batch(["good", "bad"])],
  ["db.transaction()", (_s, db) => db.transaction((tx) => tx.query("bad"))],
];

async function stackOf(work: PromiseLike<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return (error as Error).stack ?? "";
  }
  throw new Error("expected a failure");
}

describe.each(asks)("the error of %s names the lines that wait for it", (_what, ask) => {
  test("in a session", async () => {
    const { db } = fakeDatabase({ script });
    async function findCustomer(session: Session): Promise<unknown> {
      return await ask(session, db);
    }
    async function handleRequest(): Promise<void> {
      await db.session(async (session) => {
        await findCustomer(session);
      });
    }
    const stack = await stackOf(handleRequest());
    expect(stack).toMatch(/^DbError: QUERY_FAILED/);
    expect(stack).toContain("findCustomer");
    expect(stack).toContain("handleRequest");
  });

  test("through Promise.all()", async () => {
    const { db } = fakeDatabase({ script });
    async function findAll(session: Session): Promise<unknown> {
      return await Promise.all([session.query("good"), ask(session, db)]);
    }
    expect(await stackOf(db.session(async (session) => void (await findAll(session))))).toContain("findAll");
  });
});

test.each([
  ["commit()", (session: Session) => session.commit()],
  ["close()", (session: Session) => session.close()],
  ["reconnect()", (session: Session) => session.reconnect()],
])("the error of %s that failed names the lines that wait for it", async (_what, settle) => {
  const { db } = fakeDatabase({
    script: (text) => (text === "commit" ? { error: queryFailed("check", "deferred") } : undefined),
  });
  async function placeOrder(): Promise<void> {
    const session = db.open();
    await session.query("good");
    try {
      await settle(session);
    } finally {
      await session.close(null);
    }
  }
  const stack = await stackOf(placeOrder());
  expect(stack).toMatch(/^DbError: QUERY_FAILED/);
  expect(stack).toContain("placeOrder");
});

const lone: readonly (readonly [string, (db: Database) => PromiseLike<unknown>])[] = [
  ["db.sql", (db) => db.sql`bad`],
  ["db.sql.run()", (db) => db.sql`bad`.run()],
  ["db.query()", (db) => db.query("bad")],
  ["db.batch()", (db) => db.batch(["good", "bad"])],
  ["db.autocommit.sql", (db) => db.autocommit.sql`bad`],
  ["db.autocommit.query()", (db) => db.autocommit.query("bad")],
  ["db.autocommit.stream()", (db) => db.autocommit.stream("bad")[Symbol.asyncIterator]().next()],
  ["db.transaction()", (db) => db.transaction((tx) => tx.query("bad"))],
];

test.each(lone)("so does that of a lone statement: %s", async (_what, ask) => {
  const { db } = fakeDatabase({ script });
  async function lookUp(): Promise<unknown> {
    return await ask(db);
  }
  expect(await stackOf(lookUp())).toContain("lookUp");
});

test("one that cannot be sent names them too", async () => {
  const { db } = fakeDatabase({ onOpen: () => Promise.reject(queryFailed("other")) });
  async function lookUp(): Promise<unknown> {
    return await db.query("good");
  }
  expect(await stackOf(lookUp())).toContain("lookUp");
});

test("on the real sql.js, and the message comes first and once", async () => {
  const db = await memoryDatabase();
  async function lookUp(): Promise<unknown> {
    return await db.sql`select * from nope`;
  }
  const stack = await stackOf(lookUp());
  expect(stack.split("\n")[0]).toContain("no such table: nope");
  expect(stack.match(/no such table/g)).toHaveLength(1);
  expect(stack).toContain("lookUp");
});

test("an error that isopool did not make is handed on as it is", async () => {
  const mine = new Error("mine");
  const { stack } = mine;
  const { db } = fakeDatabase({ script: (text) => (text === "bad" ? { error: mine } : undefined) });
  await expect(db.query("bad")).rejects.toBe(mine);
  expect(mine.stack).toBe(stack);
});

test("nothing of the process is changed: its stackTraceLimit stays, also where it is 0", async () => {
  const before = Error.stackTraceLimit;
  const { db } = fakeDatabase({ script });
  try {
    for (const limit of [0, 3, before]) {
      Error.stackTraceLimit = limit;
      await expect(db.query("bad")).rejects.toMatchObject({ code: "QUERY_FAILED" });
      expect(Error.stackTraceLimit).toBe(limit);
    }
  } finally {
    Error.stackTraceLimit = before;
  }
});

test("events carry the error: of the flight that failed, of the one that was lost, and of the session", async () => {
  const { db, events } = fakeDatabase({ script: (text) => (text === "lost" ? { lost: "unknown" } : script(text)) });
  const failure: unknown = await db.session((s) => s.query("bad")).catch((error: unknown) => error);
  const lost: unknown = await db.session((s) => s.query("lost")).catch((error: unknown) => error);
  const thrown = new Error("the work's own");
  await db
    .session(() => {
      throw thrown;
    })
    .catch(() => undefined);
  await db.session((s) => s.query("good"));
  const flights = events.flatMap((event) => (event.type === "flight" ? [[event.isOk, event.error]] : []));
  expect(flights).toEqual([
    [false, failure],
    [true, undefined],
    [false, lost],
    [true, undefined],
    [true, undefined],
  ]);
  const ends = events.flatMap((event) => (event.type === "end" ? [event.error] : []));
  expect(ends).toEqual([failure, lost, thrown, undefined]);
  expect(isDbError(failure, "QUERY_FAILED") && isDbError(lost, "CONNECTION_LOST")).toBe(true);
});

test("the end of a session that could not be committed, was given up, or failed to close carries why", async () => {
  const refused = queryFailed("foreign-key");
  const { db, events } = fakeDatabase({ script: (text) => (text === "commit" ? { error: refused } : undefined) });
  const gone = new Error("gone");
  await db.session((s) => s.query("one")).catch(() => undefined);
  const controller = new AbortController();
  const work = db.session(() => new Promise(() => controller.abort(gone)), { signal: controller.signal });
  await work.catch(() => undefined);
  const session = db.open();
  await session.query("one");
  await session.close().catch(() => undefined);
  const ends = events.flatMap((event) => (event.type === "end" ? [[event.outcome, event.error]] : []));
  expect(ends).toEqual([
    ["failed", refused],
    ["aborted", gone],
    ["failed", refused],
  ]);
});
