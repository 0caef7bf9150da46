import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, test } from "vitest";
import { asyncContext, asyncLocal, type ContextProvider, type Database, explicit } from "../../src/index.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

const boom = new Error("boom");

test("db.autocommit runs each statement as a session of its own, on purpose: no BEGIN, and settled at once", async () => {
  const { db, adapter, events } = fakeDatabase(
    { script: () => ({ columns: ["n"], rows: [[1]] }) },
    { context: explicit() },
  );
  expect(await db.autocommit.query("a")).toEqual({ rows: [{ n: 1 }], columns: ["n"], rowsAffected: 0 });
  expect(await db.autocommit.sql`b ${1}`).toEqual([{ n: 1 }]);
  await db.autocommit.batch(["c", "d"]);
  for await (const _row of db.autocommit.stream("e", { batchSize: 1 }));
  expect(adapter.flights).toEqual(["1: a", "1: b ?", "1: begin | c | d | commit", "1: stream e", "1: stream returned"]);
  expect(events.filter(({ type }) => type === "session")).toHaveLength(4);
  expect(db.stats()).toMatchObject({ busy: 0, idle: 1 });
});

test("inside a session it is outside of it: its own connection, and no rollback takes it back", async () => {
  const { db, adapter } = fakeDatabase();
  const work = db.session(async (s) => {
    await s.query("insert");
    await db.autocommit.query("log");
    await db.autocommit.sql`log again`;
    throw boom;
  });
  await expect(work).rejects.toBe(boom);
  expect(adapter.flights).toEqual(["1: begin | insert", "2: log", "2: log again", "1: rollback"]);
});

test("leaving a stream early gives its connection back", async () => {
  const { db } = fakeDatabase({ script: () => ({ columns: ["n"], rows: [[1], [2], [3]] }) });
  for await (const _row of db.autocommit.stream("all", { batchSize: 1 })) break;
  expect(db.stats()).toMatchObject({ busy: 0, idle: 1 });
});

test("two statements at once are two sessions", async () => {
  const { db, adapter } = fakeDatabase();
  await Promise.all([db.autocommit.query("a"), db.autocommit.query("b")]);
  expect(adapter.opens).toBe(2);
});

const native: ContextProvider = asyncContext({
  Variable: class {
    readonly #storage = new AsyncLocalStorage<unknown>();
    get = (): unknown => this.#storage.getStore();
    run = <R>(value: unknown, work: () => R): R => this.#storage.run(value, work);
  },
});

describe.each<[string, ContextProvider]>([
  ["asyncLocal", asyncLocal(AsyncLocalStorage)],
  ["asyncContext", native],
])("%s: no session current means that there is none,", (_name, context) => {
  test("so that a lone statement is a session of its own", async () => {
    const { db, adapter } = fakeDatabase({}, { context });
    await db.query("a");
    await db.sql`b`;
    await db.transaction(() => db.query("c"));
    expect(adapter.flights).toEqual(["1: a", "1: b", "1: begin | c", "1: commit"]);
  });
});

const required: [string, (db: Database) => unknown][] = [
  ["query", (db) => db.query("a")],
  ["sql", (db) => db.sql`a`],
  ["batch", (db) => db.batch(["a"])],
  ["stream", async (db) => db.stream("a")],
];
const members: [string, (db: Database) => unknown][] = [
  ["commit", (db) => db.commit()],
  ["rollback", (db) => db.rollback()],
  ["close", (db) => db.close()],
  ["reconnect", (db) => db.reconnect()],
  ["getConnection", (db) => db.getConnection()],
  ["setConnection", (db) => db.setConnection(null)],
  ["cursor", async (db) => db.cursor],
  ["resetCursor", async (db) => db.resetCursor()],
  ["onCommit", async (db) => db.onCommit(() => undefined)],
  ["onRollback", async (db) => db.onRollback(() => undefined)],
];

describe("where nobody can tell, it is SESSION_REQUIRED, which names the context and the remedies:", () => {
  test.each([...required, ...members])("db.%s", async (_name, call) => {
    const { db, adapter } = fakeDatabase({}, { context: explicit() });
    const failure = (await Promise.resolve(call(db)).catch((error: unknown) => error)) as Error;
    expect(failure).toMatchObject({
      code: "SESSION_REQUIRED",
      details: { context: "explicit" },
      outcome: "not-executed",
      retryable: false,
    });
    for (const remedy of ["explicit()", "db.session()", "createDatabase()", "db.autocommit"])
      expect(failure.message).toContain(remedy);
    expect(adapter.log).toEqual([]);
  });
});

test.each(members)(
  "db.%s without a session is refused with every context: there is nothing to call it on",
  async (_name, call) => {
    const { db } = fakeDatabase();
    await expect(Promise.resolve(call(db))).rejects.toMatchObject({
      code: "SESSION_REQUIRED",
      details: { context: "asyncLocal" },
    });
  },
);

test("the session that is handed to the work runs with every context", async () => {
  const { db, adapter } = fakeDatabase({}, { context: explicit() });
  await db.session(async (s) => {
    expect(db.current()).toBeUndefined();
    await s.query("a");
    await s.transaction((tx) => tx.query("b"));
    await expect(db.query("c")).rejects.toMatchObject({ code: "SESSION_REQUIRED" });
  });
  expect(adapter.flights).toEqual(["1: begin | a", "1: b", "1: commit"]);
});
