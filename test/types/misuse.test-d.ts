// Mistakes that people make, and that the compiler tells; and what looks like one and is none.

import { expectTypeOf, test } from "vitest";
import {
  type AdapterFactory,
  type CloseAction,
  closeAllInstances,
  type Connection,
  createDatabase,
  type Cursor,
  type Database,
  type DatabaseEvent,
  DbError,
  type Hook,
  isDbError,
  type PoolStats,
  pools,
  type Propagation,
  type QueryFailureKind,
  type Session,
  setFolder,
} from "../../src/index.ts";

declare const db: Database;
declare const session: Session;
declare const adapters: AdapterFactory[];

test("the URL may be a text, a URL, or a function that gives a text", () => {
  createDatabase("a:b", { adapters });
  createDatabase(new URL("a:b"), { adapters });
  createDatabase(() => "a:b", { adapters });
  createDatabase(async () => "a:b", { adapters });
  // @ts-expect-error a number is no URL
  createDatabase(5, { adapters });
  // @ts-expect-error bindings may be undefined: say what then
  createDatabase(() => undefined as string | undefined, { adapters });
});

test("options are known by name and type", () => {
  // @ts-expect-error one adapter is a list of one
  createDatabase("a:b", { adapters: adapters[0]! });
  // @ts-expect-error PyDAL's name: pool.maxIdle
  createDatabase("a:b", { adapters, pool_size: 5 });
  // @ts-expect-error a number is not written as a text
  createDatabase("a:b", { adapters, pool: { max: "5" } });
  // @ts-expect-error asyncLocal(AsyncLocalStorage), not its name
  createDatabase("a:b", { adapters, context: "asyncLocal" });
  // @ts-expect-error setup is a list
  createDatabase("a:b", { adapters, setup: "pragma x" });
  // @ts-expect-error hooks are given a connection, not a session
  createDatabase("a:b", { adapters, afterConnection: (given: Session) => given.commit() });
  createDatabase("a:b", {
    adapters,
    setup: ["a", { text: "b", params: [1] }, db.sql`c`],
    afterConnection: () => undefined,
  });
});

test("a hook is given a connection, and may be asynchronous", () => {
  expectTypeOf<Hook>().parameter(0).toEqualTypeOf<Connection>();
  expectTypeOf<(connection: Connection) => Promise<void>>().toExtend<Hook>();
});

test("a session is closed with a known action, an object of options, or a callable", () => {
  void session.close();
  void session.close("rollback", { really: true });
  void session.close(null);
  void session.close((given) => given.commit());
  // @ts-expect-error no such action
  void session.close("comit");
  // @ts-expect-error an option, not a second argument
  void session.close("commit", true);
  expectTypeOf<"commit" | "rollback" | null>().toExtend<CloseAction>();
  expectTypeOf(closeAllInstances).parameter(0).toEqualTypeOf<CloseAction | undefined>();
});

test("what the seed names has the types that it says", () => {
  expectTypeOf(db.getConnection({ usePool: false })).resolves.toEqualTypeOf<Connection>();
  expectTypeOf(session.reconnect()).resolves.toEqualTypeOf<Connection>();
  expectTypeOf(session.detach()).toEqualTypeOf<Connection>();
  expectTypeOf(session.setConnection(null, { runHooks: true })).resolves.toEqualTypeOf<void>();
  expectTypeOf(session.cursor).toEqualTypeOf<Cursor>();
  expectTypeOf(session.resetCursor()).toEqualTypeOf<Cursor>();
  expectTypeOf(session.cursor.execute("a")).resolves.toEqualTypeOf<Cursor>();
  expectTypeOf(session.connectionName).toEqualTypeOf<string>();
  expectTypeOf(pools()).toEqualTypeOf<ReadonlyMap<string, PoolStats>>();
  expectTypeOf(setFolder).parameters.toEqualTypeOf<[folder: string]>();
  // @ts-expect-error undefined is not "none"
  void session.setConnection(undefined);
  // @ts-expect-error a name is read, not set
  session.connectionName = "x";
});

test("a session is used in `await using`, and so are a database and a connection", () => {
  expectTypeOf(db).toExtend<AsyncDisposable>();
  expectTypeOf(db.open()).toExtend<AsyncDisposable>();
  expectTypeOf(session.detach()).toExtend<AsyncDisposable>();
});

test("a session's handle is not a database: it begins no session, and disposes of no pool", () => {
  // @ts-expect-error a session inside a session is the database's to begin
  void session.session(() => 1);
  // @ts-expect-error a session ends with close()
  void session.dispose();
});

test("a signal that may be absent is handed on as it is", () => {
  const signal = undefined as AbortSignal | undefined;
  void db.session(() => 1, { signal });
  void db.query("a", [], { signal, timeoutMs: 5 });
  void db.stream("a", { signal });
});

test("values bind as the contract says, by position or by name; what does not bind is refused", () => {
  void db.query("a", [null, "x", 1, 1n, true, new Date(), new Uint8Array()]);
  void db.query("a", { name: "x" });
  // @ts-expect-error undefined is not null
  void db.query("a", [undefined]);
  // @ts-expect-error a function is no value
  void db.sql`a ${() => 1}`;
  // @ts-expect-error a promise: await it first
  void db.sql`a ${Promise.resolve(1)}`;
  // On PostgreSQL a list is an array, and an object is JSON; SQLite refuses both when it sees them.
  void db.sql`a = any(${[1, 2]}) and b = ${{ c: [1, null], d: new Date() }}`;
  // @ts-expect-error sql is a tag of a template, not a function of a text
  void db.sql("select 1");
});

test("an error's details are those of its code", () => {
  const error = {} as unknown;
  if (isDbError(error, "QUERY_FAILED")) {
    expectTypeOf(error.code).toEqualTypeOf<"QUERY_FAILED">();
    expectTypeOf(error.details.kind).toEqualTypeOf<QueryFailureKind>();
    expectTypeOf(error.details.statementIndex).toEqualTypeOf<number | undefined>();
    // @ts-expect-error that is POOL_TIMEOUT's
    void error.details.waitedMs;
  }
  if (isDbError(error)) {
    expectTypeOf(error.retryable).toEqualTypeOf<boolean>();
    // @ts-expect-error which code? ask for it first
    void error.details.kind;
  }
  // @ts-expect-error the details of another code
  void new DbError("POOL_CLOSED", "gone", { max: 1 });
});

test("events are told apart by their type", () => {
  const onEvent = (event: DatabaseEvent): void => {
    expectTypeOf(event.at).toEqualTypeOf<number>();
    expectTypeOf(event.pool).toEqualTypeOf<string>();
    if (event.type === "flight") expectTypeOf(event.statements).toEqualTypeOf<readonly string[]>();
    if (event.type === "end") expectTypeOf(event.outcome).toEqualTypeOf<"done" | "failed" | "aborted">();
    // @ts-expect-error no such event
    if (event.type === "query") throw event;
  };
  createDatabase("a:b", { adapters, onEvent });
});

test("there are seven propagations", () => {
  expectTypeOf<Propagation>().toEqualTypeOf<
    "required" | "nested" | "requires-new" | "mandatory" | "supports" | "not-supported" | "never"
  >();
});

test("an answer cannot be changed where it would mislead", async () => {
  const result = await db.query("a");
  // @ts-expect-error counts are read
  result.rowsAffected = 5;
  // @ts-expect-error so are statistics
  db.stats().open = 5;
});
