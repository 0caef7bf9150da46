// A password of the URL, or a value of a parameter, in a log is a leak. Whatever goes wrong, neither may show.

import { inspect } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  createDatabase,
  type Database,
  type DatabaseEvent,
  type DatabaseOptions,
  DbError,
  pools,
  shared,
} from "../../src/index.ts";
import { FakeAdapter, type FakeAdapterOptions, queryFailed } from "../kit/fake-adapter.ts";
import { FakeClock } from "../kit/fake-clock.ts";
import { memoryDatabase } from "../pydal/sql-js.ts";

const PASSWORD = "p4ssw0rd";
const TOKEN = "t0k3n";
const VALUE = "v4lu3-of-a-parameter";
const URL_WITH_SECRETS = `fake://ada:${PASSWORD}@shop.example/db?authToken=${TOKEN}`;
const SECRETS = [PASSWORD, TOKEN, VALUE, encodeURIComponent(VALUE)];

/** Everything that somebody could log of it: the message, the stack, all properties, the causes. */
function printed(value: unknown): string {
  return [inspect(value, { depth: 12, showHidden: true, getters: true }), String(value), json(value)].join("\n");
}

function json(value: unknown): string {
  const seen = new Set<unknown>();
  return (
    JSON.stringify(value, (_key, each: unknown) => {
      if (typeof each === "bigint" || typeof each === "function") return String(each);
      if (typeof each !== "object" || each === null) return each;
      if (seen.has(each)) return "…";
      seen.add(each);
      if (!(each instanceof Error)) return each;
      const { message, stack, cause } = each;
      return { ...Object.fromEntries(Object.entries(each)), message, stack, cause };
    }) ?? ""
  );
}

function expectNoSecret(what: string, text: string): void {
  for (const secret of SECRETS) expect(text, `${what} shows a secret`).not.toContain(secret);
}

interface Scenario {
  readonly adapter?: FakeAdapterOptions;
  readonly options?: Partial<DatabaseOptions>;
  readonly run: (db: Database, clock: FakeClock) => Promise<unknown>;
}

const never = new Promise<never>(() => undefined);
const params = [VALUE];
const insert = (db: Database): Promise<unknown> => db.session((s) => s.query("insert into t values (?)", params));

const scenarios: Record<string, Scenario> = {
  "a connection that fails": {
    adapter: { onOpen: () => Promise.reject(new DbError("CONNECT_FAILED", "nobody answers", { adapter: "fake" })) },
    run: insert,
  },
  "a password that is refused": {
    adapter: { onOpen: () => Promise.reject(new DbError("AUTH_FAILED", "refused", { adapter: "fake" })) },
    run: insert,
  },
  "a connection that takes too long": {
    adapter: { onOpen: () => never },
    run: async (db, clock) => {
      const work = insert(db);
      work.catch(() => undefined);
      await clock.advance(20_000);
      return work;
    },
  },
  "a pool that has none left": {
    options: { pool: { max: 1 }, stacks: true },
    run: async (db, clock) => {
      const holder = db.open();
      await holder.query("hold", params);
      const work = insert(db);
      work.catch(() => undefined);
      await clock.advance(20_000);
      await holder.close();
      return work;
    },
  },
  "a deadlock": {
    options: { pool: { max: 1 }, stacks: true },
    run: (db) =>
      db.session((s) =>
        s
          .query("hold", params)
          .then(() => s.transaction((tx) => tx.query("inner", params), { propagation: "requires-new" })),
      ),
  },
  "a statement that fails": {
    adapter: { script: (text) => (text.startsWith("insert") ? { error: queryFailed("unique", text) } : undefined) },
    run: insert,
  },
  "a template that fails": {
    adapter: { script: (text) => (text.startsWith("insert") ? { error: queryFailed("unique", text) } : undefined) },
    run: (db) => db.session((s) => s.sql`insert into t values (${VALUE})`),
  },
  "a batch that fails": {
    adapter: { script: (text) => (text === "bad ?" ? { error: queryFailed("unique", text) } : undefined) },
    run: (db) =>
      db.autocommit.batch([
        { text: "good ?", params },
        { text: "bad ?", params },
      ]),
  },
  "rows with two columns of one name": {
    adapter: { script: () => ({ columns: ["id", "id"], rows: [[VALUE, VALUE]] }) },
    run: (db) => db.autocommit.query("join ?", params),
  },
  "a statement that takes too long": {
    adapter: { script: (text) => (text.startsWith("insert") ? never : undefined) },
    run: async (db, clock) => {
      const work = db.session((s) => s.query("insert ?", params, { timeoutMs: 10 }));
      work.catch(() => undefined);
      await clock.advance(10);
      return work;
    },
  },
  "a session that takes too long": {
    run: async (db, clock) => {
      const work = db.session(async (s) => (await s.query("insert ?", params), never), { timeoutMs: 10 });
      work.catch(() => undefined);
      await clock.advance(10);
      return work;
    },
  },
  "a connection that is lost": {
    adapter: { script: (text) => (text === "insert into t values (?)" ? { lost: "unknown" } : undefined) },
    run: insert,
  },
  "a commit whose answer is lost": {
    adapter: { script: (text) => (text === "commit" ? { lost: "unknown" } : undefined) },
    run: insert,
  },
  "a transaction that the database ended": {
    adapter: {
      script: (text) => (text.startsWith("insert") ? { error: queryFailed("unique"), state: "idle" } : undefined),
    },
    run: (db) => db.session((s) => s.query("insert ?", params).catch(() => s.query("next ?", params))),
  },
  "a transaction that failed": {
    adapter: {
      script: (text) => (text.startsWith("insert") ? { error: queryFailed("unique"), state: "failed" } : undefined),
    },
    run: (db) => db.session((s) => s.query("insert ?", params).catch(() => s.query("next ?", params))),
  },
  "transaction control as text": { run: (db) => db.autocommit.query("commit", params) },
  "a closed session": {
    run: async (db) => {
      const session = db.open();
      await session.query("one", params);
      await session.close();
      return session.query("late", params);
    },
  },
  "a hook that fails": {
    options: {
      pool: { acquireTimeoutMs: 50 },
      afterConnection: (connection) => connection.query("commit", params).then(() => undefined),
    },
    run: async (db, clock) => {
      const work = insert(db);
      work.catch(() => undefined);
      await clock.advance(50);
      return work;
    },
  },
  "setup that fails": {
    adapter: { script: (text) => (text === "set ?" ? { error: queryFailed("syntax", text) } : undefined) },
    options: { setup: [{ text: "set ?", params }] },
    run: insert,
  },
  "a rollback that fails": {
    adapter: {
      script: (text) => (text === "rollback" ? { error: queryFailed("other", text), state: "transaction" } : undefined),
    },
    run: (db) => db.session(async (s) => (await s.query("one", params), Promise.reject(new Error("boom")))),
  },
  "work that is done again": {
    adapter: {
      script: (text) => (text.startsWith("insert") ? { error: queryFailed("serialization", text, true) } : undefined),
    },
    run: async (db, clock) => {
      const work = db.session((s) => s.query("insert ?", params), { retry: 2 });
      work.catch(() => undefined);
      await clock.advance(10_000);
      return work;
    },
  },
  "a database that was disposed": {
    run: async (db) => {
      await db.autocommit.query("one", params);
      await db.dispose();
      return insert(db);
    },
  },
};

describe("no secret shows in the error, in an event, or in what can be printed, after", () => {
  test.each(Object.entries(scenarios))("%s", async (_what, { adapter: behaviour, options, run }) => {
    const clock = new FakeClock();
    const adapter = new FakeAdapter({ key: "fake://shop.example/db", ...behaviour });
    const events: DatabaseEvent[] = [];
    const db = createDatabase(URL_WITH_SECRETS, {
      adapters: [adapter.factory],
      runtime: { ...shared(), clock },
      onEvent: (event) => events.push(event),
      ...options,
    });
    onTestFinished(() => db.dispose());
    const failure: unknown = await run(db, clock).then(
      () => expect.unreachable("it should have failed"),
      (error: unknown) => error,
    );
    expectNoSecret("the error", printed(failure));
    for (const event of events) expectNoSecret(`the event ${event.type}`, printed(event));
    expectNoSecret("the database", printed(db));
    expectNoSecret("the registry", printed([...pools()]));
  });
});

describe("no secret shows in the TypeError for", () => {
  test.each<[string, string]>([
    ["an unknown scheme", URL_WITH_SECRETS.replace("fake:", "mysql:")],
    ["no scheme", URL_WITH_SECRETS.replace("fake:", "")],
    ["a user in the place of the scheme", `ada:${PASSWORD}@host?authToken=${TOKEN}`],
    ["a text that is no URL", `${PASSWORD} ${TOKEN}`],
  ])("%s", async (_what, url) => {
    const { factory } = new FakeAdapter();
    const failures: unknown[] = [];
    try {
      createDatabase(url, { adapters: [factory] });
    } catch (error) {
      failures.push(error);
    }
    const db = createDatabase(() => url, { adapters: [factory] });
    await db.autocommit.query("one").catch((error: unknown) => failures.push(error));
    expect(failures).toHaveLength(2);
    for (const failure of failures) {
      expect(failure).toBeInstanceOf(TypeError);
      expectNoSecret("the error", printed(failure));
    }
  });
});

describe("no value shows on the real sql.js after", () => {
  test.each<[string, string, unknown]>([
    ["a unique violation", "insert into t (a) values (?), (?)", [VALUE, VALUE]],
    ["a syntax error", "insert in t values (?)", [VALUE]],
    ["a check violation", "insert into t (a, n) values (?, -1)", [VALUE]],
    ["too few values", "insert into t (a, n) values (?, ?)", [VALUE]],
    ["too many values", "insert into t (a) values (?)", [VALUE, VALUE]],
    ["a name that is missing", "insert into t (a) values (:a)", { b: VALUE }],
    ["a value of no known type", "insert into t (a) values (?)", [{ secret: VALUE }]],
    ["a value that breaks a function", "select json(?)", [VALUE]],
  ])("%s", async (_what, text, values) => {
    const events: DatabaseEvent[] = [];
    const db = await memoryDatabase({ onEvent: (event) => events.push(event) });
    await db.autocommit.query("create table t (a unique, n check (n > 0))");
    const failure = await db.autocommit.query(text, values as string[]).then(
      () => expect.unreachable("it should have failed"),
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: "QUERY_FAILED" });
    expectNoSecret("the error", printed(failure));
    for (const event of events) expectNoSecret(`the event ${event.type}`, printed(event));
  });
});
