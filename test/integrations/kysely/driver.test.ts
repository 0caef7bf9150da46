// What the driver does where a server cannot be made to, or where only what is sent tells it.

import { AsyncLocalStorage } from "node:async_hooks";
import { Kysely, sql } from "kysely";
import { expect, test } from "vitest";
import { asyncLocal, type ContextProvider, createDatabase, explicit } from "../../../src/index.ts";
import { IsopoolDialect } from "../../../src/integrations/kysely/index.ts";
import { FakeAdapter } from "../../kit/fake-adapter.ts";
import { type FakeDatabase, fakeDatabase } from "../../kit/fake-database.ts";

const boom = new Error("boom");
const ask = (kysely: Kysely<unknown>, text: string) => sql.raw(text).execute(kysely);

function on({ db }: Pick<FakeDatabase, "db">, log?: string[]): Kysely<unknown> {
  return new Kysely<unknown>({
    dialect: new IsopoolDialect(db),
    ...(log && { log: ({ query }) => void log.push(query.sql) }),
  });
}

test("a rollback that fails does not replace what the callback threw", async () => {
  const fake = fakeDatabase({ script: (text) => (text === "rollback" ? { lost: "unknown" } : undefined) });
  const work = on(fake)
    .transaction()
    .execute(async (trx) => {
      await ask(trx, "one");
      throw boom;
    });
  await expect(work).rejects.toBe(boom);
  expect(fake.events.filter(({ type }) => type === "error")).toMatchObject([{ during: "rollback" }]);
});

test("a commit whose answer is lost is COMMIT_UNKNOWN, and not told to be rolled back", async () => {
  const fake = fakeDatabase({ script: (text) => (text === "commit" ? { lost: "unknown" } : undefined) });
  const error = await on(fake)
    .transaction()
    .execute(async (trx) => ask(trx, "one"))
    .catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "COMMIT_UNKNOWN" });
  expect(Symbol.for("kysely.AbortedTransactionError") in (error as object)).toBe(false);
});

test("how a transaction begins is said once, with its first statement", async () => {
  const fake = fakeDatabase({ capabilities: { dialect: "postgres" } });
  await on(fake)
    .transaction()
    .setIsolationLevel("serializable")
    .setAccessMode("read only")
    .execute(async (trx) => ask(trx, "one"));
  expect(fake.adapter.begins).toEqual([{ isolationLevel: "serializable", accessMode: "read only" }]);
  expect(fake.adapter.flights).toEqual(["1: begin | one", "1: commit"]);
});

test("the defaults of the database hold for its transactions", async () => {
  const defaults = { isolationLevel: "serializable", settings: { "app.tenant": 7 } } as const;
  const fake = fakeDatabase(
    { capabilities: { dialect: "postgres", isolationLevels: ["serializable", "repeatable read"] } },
    { defaults },
  );
  const k = on(fake);
  await k.transaction().execute(async (trx) => ask(trx, "one"));
  await k
    .transaction()
    .setIsolationLevel("repeatable read")
    .execute(async (trx) => ask(trx, "two"));
  expect(fake.adapter.begins).toEqual([defaults, { ...defaults, isolationLevel: "repeatable read" }]);
});

test("the log sees begin, savepoints and commit", async () => {
  const log: string[] = [];
  const fake = fakeDatabase();
  const trx = await on(fake, log).startTransaction().setIsolationLevel("serializable").execute();
  await ask(trx, "one");
  await trx.savepoint("A b").execute();
  await trx.rollbackToSavepoint("A b" as never).execute();
  await trx.releaseSavepoint("A b" as never).execute();
  await trx.commit().execute();
  expect(log).toEqual([
    "start transaction isolation level serializable",
    "one",
    'savepoint "A b"',
    'rollback to "A b"',
    'release "A b"',
    "commit",
  ]);
  expect(fake.adapter.flights).toEqual(["1: begin | one", "1: commit"]);
});

test("destroy() leaves the database open", async () => {
  const fake = fakeDatabase();
  const k = on(fake);
  await ask(k, "one");
  await k.destroy();
  await fake.db.query("two");
  expect(fake.adapter.flights).toEqual(["1: one", "1: two"]);
});

test("a transaction that is left open goes with its connection", async () => {
  const fake = fakeDatabase();
  await on(fake)
    .connection()
    .execute(async (connection) => {
      const trx = await connection.startTransaction().execute();
      await ask(trx, "one");
    });
  expect(fake.adapter.flights.at(-1)).toBe("1: rollback");
});

test("one Kysely of one session is for contexts that tell nothing", async () => {
  const fake = fakeDatabase({}, { context: explicit() });
  await fake.db.session(async (session) => {
    const k = new Kysely<unknown>({ dialect: new IsopoolDialect(session) });
    await ask(k, "one");
    await k.transaction().execute(async (trx) => ask(trx, "two"));
  });
  expect(fake.adapter.flights).toEqual([
    "1: begin | one",
    "1: savepoint isopool_1 | two",
    "1: release isopool_1 | commit",
  ]);
});

test("where no session is ever current, a Kysely of the database has one for each query", async () => {
  const fake = fakeDatabase({}, { context: explicit() });
  const k = on(fake);
  await ask(k, "one");
  await k.transaction().execute(async (trx) => ask(trx, "two"));
  expect(fake.adapter.flights).toEqual(["1: one", "1: begin | two", "1: commit"]);
});

test("where a session may have been lost, a query on its own is refused as db.sql is; a transaction is none", async () => {
  const forgetful: ContextProvider = {
    name: "forgetful",
    absenceProves: false,
    current: () => undefined,
    run: (_, work) => work(),
  };
  const fake = fakeDatabase({}, { context: forgetful });
  const k = on(fake);
  await expect(ask(k, "one")).rejects.toMatchObject({ code: "SESSION_REQUIRED" });
  await k.transaction().execute(async (trx) => ask(trx, "two"));
  expect(fake.adapter.flights).toEqual(["1: begin | two", "1: commit"]);
});

test("a strict provider refuses it while a session is open, and queries side by side are none", async () => {
  const fake = fakeDatabase({}, { context: asyncLocal(AsyncLocalStorage, { strict: true }) });
  const k = on(fake);
  await Promise.all(["one", "two", "three"].map((text) => ask(k, text)));
  await using session = fake.db.open();
  await expect(ask(k, "four")).rejects.toMatchObject({ code: "SESSION_REQUIRED" });
  expect(session.name).toBeUndefined();
  expect(fake.adapter.flights.map((flight) => flight.slice(3)).toSorted()).toEqual(["one", "three", "two"]);
});

test("the dialect is known from the adapters where the URL is a function; else it must be given", async () => {
  const { factory } = new FakeAdapter();
  const url = (): string => "fake:db";
  const make = (dialect: "sqlite" | "postgres" | undefined, options = {}) =>
    new IsopoolDialect(createDatabase(url, { adapters: [{ ...factory, dialect }] }), options);
  expect(make("postgres").createQueryCompiler().constructor.name).toBe("PostgresQueryCompiler");
  expect(make(undefined, { dialect: "sqlite" }).createQueryCompiler().constructor.name).toBe("SqliteQueryCompiler");
  expect(() => make(undefined)).toThrow(/got `undefined`: await db\.ready\(\), or give/);
  expect(() => make("sqlite", { dialct: "sqlite" })).toThrow("did you mean `dialect`?");
  expect(() => new IsopoolDialect({} as never)).toThrow(TypeError);
  expect(() => new IsopoolDialect(undefined as never)).toThrow(TypeError);
  await using db = createDatabase(url, { adapters: [factory] });
  await db.ready();
  expect(new IsopoolDialect(db).createQueryCompiler().constructor.name).toBe("SqliteQueryCompiler");
});

test("transactions of other dialects are left as they are", async () => {
  const fake = fakeDatabase();
  on(fake);
  const { SqliteDialect } = await import("kysely");
  const statement = {
    reader: true,
    all: () => [{ n: 1 }],
    run: () => ({ changes: 0, lastInsertRowid: 0 }),
    iterate: () => [],
  };
  const other = new Kysely<unknown>({
    dialect: new SqliteDialect({ database: { prepare: () => statement, close: () => undefined } as never }),
  });
  expect(await other.transaction().execute(async (trx) => (await ask(trx, "select 1")).rows)).toEqual([{ n: 1 }]);
});

test("values: undefined is null, and what PostgreSQL has no type for is JSON", async () => {
  const seen: unknown[] = [];
  const fake = fakeDatabase({
    capabilities: { dialect: "postgres", placeholder: "$" },
    check: ({ params }) => void seen.push(params),
  });
  class Money {
    readonly cents = 5;
  }
  const given = [undefined, new Money(), [1, 2], { a: 1 }, new Date(0), new Uint8Array([1])];
  await sql`x ${sql.join(given)}`.execute(on(fake));
  expect(seen[0]).toEqual([null, '{"cents":5}', [1, 2], { a: 1 }, new Date(0), new Uint8Array([1])]);
});
