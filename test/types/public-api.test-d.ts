// What the compiler tells a user of the public surface, and what it refuses.

import { expectTypeOf, test } from "vitest";
import {
  ConnectionPool,
  createDatabase,
  type Database,
  isDbError,
  type Result,
  type Session,
  type SqlValue,
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

test("a pool lends what its source opens", async () => {
  const pool = new ConnectionPool({ open: async () => new URL("a:b"), close: () => {} });
  const lease = await pool.acquire();
  expectTypeOf(lease.connection).toEqualTypeOf<URL>();
  expectTypeOf(pool.use((url) => url.href)).resolves.toEqualTypeOf<string>();
});

test("a code that was asked for tells the details", () => {
  const error: unknown = new Error("any");
  if (isDbError(error, "POOL_TIMEOUT")) expectTypeOf(error.details.waitedMs).toEqualTypeOf<number>();
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
