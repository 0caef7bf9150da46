// What the compiler tells a user of the public surface, and what it refuses.

import { expectTypeOf, test } from "vitest";
import {
  ConnectionPool,
  createDatabase,
  type Database,
  isDbError,
  type RawResult,
  type Result,
  type Row,
  type Session,
  type SqlPart,
  type SqlQuery,
  type SqlValue,
  type StatementInput,
} from "../../src/index.ts";

declare const db: Database;
declare const session: Session;

interface User {
  id: number;
  name: string;
}

test("work's own type comes back, awaited", () => {
  expectTypeOf(db.session(() => 7)).resolves.toEqualTypeOf<number>();
  expectTypeOf(db.session(async () => "x")).resolves.toEqualTypeOf<string>();
  expectTypeOf(db.transaction(async (inner) => inner)).resolves.toEqualTypeOf<Session>();
});

test("rows are of the type that is asked for, and of any column otherwise", () => {
  expectTypeOf(db.query("select 1")).resolves.toEqualTypeOf<Result>();
  expectTypeOf(db.query<User>("select * from user")).resolves.toHaveProperty("rows").toEqualTypeOf<User[]>();
  expectTypeOf(db.sql<User>`select * from user`.first()).resolves.toEqualTypeOf<User | undefined>();
  expectTypeOf(db.sql`select 1`.values()).resolves.toEqualTypeOf<SqlValue[][]>();
  expectTypeOf(session.stream<User>("select * from user")).toExtend<AsyncIterable<User>>();
});

test("a query is awaited to its rows", async () => {
  expectTypeOf(await db.sql<User>`select * from user`).toEqualTypeOf<User[]>();
});

test("the rows of a typed query keep their type in a list, in a commit, in a stream and in query()", async () => {
  const users = db.sql<User>`select * from user`;
  const [first, second, third] = await db.batch([users, "select 1", { text: "select 2" }]);
  expectTypeOf(first.rows).toEqualTypeOf<User[]>();
  expectTypeOf(second.rows).toEqualTypeOf<Row[]>();
  expectTypeOf(third).toEqualTypeOf<Result>();
  const [last] = await session.commit(users);
  expectTypeOf(last.rows).toEqualTypeOf<User[]>();
  expectTypeOf(session.commit()).resolves.toEqualTypeOf<[]>();
  const list: StatementInput[] = [users];
  expectTypeOf(db.batch(list)).resolves.toEqualTypeOf<Result[]>();
  for await (const user of db.stream(users)) expectTypeOf(user).toEqualTypeOf<User>();
  for await (const row of db.stream("select 1")) expectTypeOf(row).toEqualTypeOf<Row>();
  expectTypeOf(db.stream<User>(db.sql`select * from user`)).toEqualTypeOf<AsyncIterable<User>>();
  expectTypeOf(db.query(users)).resolves.toEqualTypeOf<Result<User>>();
  expectTypeOf(db.query(users, { timeoutMs: 5 })).resolves.toEqualTypeOf<Result<User>>();
  expectTypeOf(db.raw(users)).resolves.toEqualTypeOf<RawResult>();
  expectTypeOf(db.rawBatch([users])).resolves.toEqualTypeOf<RawResult[]>();
});

test("a query is a promise to the compiler, too", () => {
  const users: Promise<User[]> = db.sql<User>`select * from user`;
  expectTypeOf(Promise.all([users, db.sql<User>`x`])).resolves.toEqualTypeOf<[User[], User[]]>();
});

test("a savepoint is a session that can be released", async () => {
  const part = await session.savepoint("x", { timeoutMs: 5 });
  expectTypeOf(part).toExtend<Session>();
  expectTypeOf(part).toExtend<AsyncDisposable>();
  expectTypeOf(part.release()).toEqualTypeOf<Promise<void>>();
  // @ts-expect-error a session is committed
  void session.release();
});

test("what a query is made of", () => {
  const ids: SqlPart = db.sql.join([1, 2]);
  expectTypeOf(db.sql<User>`select * from ${db.sql.id("a", "b")} where id in (${ids})`).toEqualTypeOf<SqlQuery<User>>();
  // @ts-expect-error a part runs nowhere by itself
  void ids.then;
  // @ts-expect-error it needs a name
  db.sql.id();
});

test("what is known of a database, and who hears of it", () => {
  expectTypeOf(db.dialect).toEqualTypeOf<"sqlite" | "postgres" | undefined>();
  expectTypeOf(db.ready()).resolves.toEqualTypeOf<Database>();
  expectTypeOf(db.subscribe((event) => void event.at)).toEqualTypeOf<() => void>();
});

test("a pool lends what its source opens", async () => {
  const pool = new ConnectionPool({ open: async () => new URL("a:b"), close: () => {} });
  const lease = await pool.acquire();
  expectTypeOf(lease.connection).toEqualTypeOf<URL>();
  expectTypeOf(pool.use((url) => url.href)).resolves.toEqualTypeOf<string>();
});

test("a code that was asked for tells the details", () => {
  const error: unknown = new Error("any");
  if (isDbError(error, "POOL_TIMEOUT")) expectTypeOf(error.details.waitedMs).toEqualTypeOf<number>();
  if (isDbError(error) && error.code === "QUERY_FAILED") expectTypeOf(error.details.sql).toEqualTypeOf<string>();
  if (isDbError(error)) {
    switch (error.code) {
      case "POOL_FULL":
        expectTypeOf(error.details).toEqualTypeOf<{ maxWaiting: number }>();
    }
  }
  if (isDbError(error)) expectTypeOf(error.outcome).toEqualTypeOf<"not-executed" | "executed" | "unknown">();
});

test("what cannot work does not compile", () => {
  // @ts-expect-error which adapter?
  createDatabase("sqljs:memory");
  // @ts-expect-error the option's name bears its unit
  createDatabase("sqljs:memory", { adapters: [], pool: { idle: 5 } });
  // @ts-expect-error a value that no database has
  void db.query("select ?", [Symbol("x")]);
  // @ts-expect-error neither is a map
  void db.sql`select ${new Map([["a", 1]])}`;
  // @ts-expect-error no such propagation
  void db.transaction(() => 1, { propagation: "always" });
  // @ts-expect-error no such isolation level
  void db.session(() => 1, { isolationLevel: "snapshot" });
  // @ts-expect-error no such code
  isDbError(new Error("x"), "POOL_EMPTY");
  // @ts-expect-error results are read-only in their shape: there is no such member
  void db.query("select 1").then(({ row }) => row);
});
