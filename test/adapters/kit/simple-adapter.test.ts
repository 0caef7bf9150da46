// What simpleAdapter() does besides what the contract of adapters asks: hung drivers, lost connections, wrong options.

import Libsql from "libsql";
import { afterEach, describe, expect, test } from "vitest";
import {
  bindSqlite,
  DbError,
  type DriverConnection,
  failuresOf,
  readSqlite,
  simpleAdapter,
  type SimpleAdapterOptions,
  type Step,
} from "../../../src/adapters/kit/index.ts";
import type { StepOutcome } from "../../../src/contract/adapter.ts";
import { createDatabase } from "../../../src/index.ts";
import { FAILING_TABLES, FAILING_WRITES } from "../sqlite/failing-writes.ts";

type Addon = InstanceType<typeof Libsql>;
type Options = SimpleAdapterOptions<Addon>;

const opened = new Set<Addon>();
const closed: Addon[] = [];

afterEach(() => {
  const left = Array.from(opened).filter((db) => db.open);
  const twice = closed.length - new Set(closed).size;
  opened.clear();
  closed.length = 0;
  expect({ left: left.length, twice }).toEqual({ left: 0, twice: 0 });
});

function open(): Addon {
  const db = new Libsql(":memory:");
  opened.add(db);
  return db;
}

const options: Options = {
  name: "addon",
  schemes: ["addon"],
  open,
  run(db, { text, values }) {
    const statement = db.prepare(text);
    const columns = statement.columns().map(({ name }) => name);
    if (columns.length > 0) return { columns, rows: statement.raw().safeIntegers(true).all(values) as unknown[][] };
    statement.run(values);
    return { columns, rows: [] };
  },
  inTransaction: (db) => db.inTransaction,
  isOpen: (db) => db.open,
  close(db) {
    closed.push(db);
    db.close();
  },
};

async function connect(rest: Partial<Options> = {}): Promise<DriverConnection> {
  const adapter = simpleAdapter<Addon>({ ...options, ...rest }).create({ url: "addon:memory", folder: "" });
  return adapter.open({ url: "addon:memory", signal: new AbortController().signal });
}

describe("of a write that has failed", () => {
  test.each(FAILING_WRITES)("%s: `not-executed` only when nothing of it stays", async (text, table, outcome) => {
    const connection = await connect();
    const send = async (each: string): Promise<StepOutcome> =>
      (
        await connection.send({
          steps: [{ kind: "query", statement: { text: each }, guarded: false, onError: "continue" }],
        })
      )[0]!;
    for (const each of FAILING_TABLES) await send(each);
    const before = await send(`select n from ${table}`);
    expect(await send(text)).toMatchObject({ status: "failed", error: { code: "QUERY_FAILED", outcome } });
    const { rows } = (before as { result: { rows: unknown[][] } }).result;
    const after = outcome === "unknown" ? [...rows, [1]] : rows;
    expect(await send(`select n from ${table}`)).toMatchObject({ result: { rows: after } });
    await connection.close();
  });
});

const query = (text: string): Step => ({ kind: "query", statement: { text }, guarded: false, onError: "stop" });

async function value(connection: DriverConnection, text: string): Promise<unknown> {
  const [outcome] = await connection.send({ steps: [query(text)] });
  return outcome?.status === "done" ? outcome.result.rows[0]?.[0] : outcome;
}

describe("options", () => {
  test.each(["open", "run", "inTransaction", "close"] as const)("%s is required", (member) => {
    expect(() => simpleAdapter({ ...options, [member]: undefined } as never)).toThrow(
      `Expected \`${member}\` to be a function, got \`undefined\``,
    );
  });

  test("a URL with a password or parameters is refused, unless the adapter says what its key is", () => {
    const factory = simpleAdapter(options);
    for (const url of ["addon://ada:s3cr3t@host/x", "addon:x?token=s3cr3t"]) {
      expect(() => factory.create({ url, folder: "" })).toThrow(TypeError);
      expect(() => factory.create({ url, folder: "" })).not.toThrow(/s3cr3t/);
    }
    const named = simpleAdapter({ ...options, key: () => "addon:x" });
    expect(named.create({ url: "addon:x?token=s3cr3t", folder: "" }).key).toBe("addon:x");
  });

  test("a database of the URL `…:memory` is private, every other one is shared by its URL", () => {
    const keyOf = (url: string): string | undefined => simpleAdapter(options).create({ url, folder: "" }).key;
    expect([keyOf("addon:memory"), keyOf("addon:shop")]).toEqual([undefined, "addon:shop"]);
  });

  test("only what the driver can do is declared", () => {
    const capabilitiesOf = (rest: Partial<Options>): unknown =>
      simpleAdapter({ ...options, ...rest }).create({ url: "addon:x", folder: "" }).capabilities;
    expect(capabilitiesOf({ isOpen: undefined })).toMatchObject({ streaming: false, tellsDeath: false });
    expect(capabilitiesOf({ capabilities: { maxConnections: 4, affinity: "request" } })).toMatchObject({
      maxConnections: 4,
      affinity: "request",
      tellsDeath: true,
    });
  });
});

describe("opening", () => {
  test("a driver's error is the cause of CONNECT_FAILED, and a DbError comes as it is", async () => {
    const reason = new Error("no such file");
    const failing = connect({ open: () => Promise.reject(reason) });
    await expect(failing).rejects.toMatchObject({ code: "CONNECT_FAILED", cause: reason, retryable: false });
    const refused = new DbError("AUTH_FAILED", "wrong password", { adapter: "addon" });
    await expect(connect({ open: () => Promise.reject(refused) })).rejects.toBe(refused);
  });

  test("a connection that comes after its signal was aborted is closed", async () => {
    const controller = new AbortController();
    const reason = new Error("gone");
    const adapter = simpleAdapter<Addon>({
      ...options,
      open: async () => {
        controller.abort(reason);
        return open();
      },
    }).create({ url: "addon:x", folder: "" });
    await expect(adapter.open({ url: "addon:x", signal: controller.signal })).rejects.toBe(reason);
    expect(closed).toHaveLength(1);
  });
});

describe("a driver that answers later", () => {
  /** Runs like the driver, after an answer that a test may hold back. */
  const slowly = (gate: (text: string) => Promise<void>): Partial<Options> => ({
    run: async (db, statement) => {
      await gate(statement.text);
      return options.run(db, statement);
    },
  });

  test("an abort in the middle of a flight closes the connection, and nothing of the rest runs", async () => {
    const ran: string[] = [];
    const controller = new AbortController();
    const reason = new Error("gone");
    let release!: () => void;
    const held = new Promise<void>((resolve) => (release = resolve));
    const connection = await connect(
      slowly((text) => {
        ran.push(text);
        if (text !== "SELECT 2") return Promise.resolve();
        controller.abort(reason);
        return held;
      }),
    );
    const sent = connection.send({ steps: ["SELECT 1", "SELECT 2", "SELECT 3"].map(query) }, controller.signal);
    await expect(sent).rejects.toBe(reason);
    expect(connection.state).toBe("closed");
    release();
    await connection.close();
    expect(ran).toEqual(["SELECT 1", "SELECT 2"]);
    await expect(connection.send({ steps: [query("SELECT 4")] })).rejects.toMatchObject({
      code: "CONNECTION_LOST",
      outcome: "not-executed",
    });
  });

  test("statements of one session keep their order", async () => {
    const connection = await connect(slowly(() => Promise.resolve()));
    const outcomes = await connection.send({
      steps: [
        { kind: "begin", options: {} },
        ...["CREATE TABLE t (x)", "INSERT INTO t VALUES (1)"].map(query),
        { kind: "commit" },
      ],
    });
    expect(outcomes.map(({ status }) => status)).toEqual(["done", "done", "done", "done"]);
    expect(await value(connection, "SELECT x FROM t")).toBe(1);
    await connection.close();
  });

  test("a stream that is aborted while the driver hangs rejects at once", async () => {
    const controller = new AbortController();
    const reason = new Error("gone");
    const connection = await connect({ stream: () => new Promise<never>(() => undefined) });
    const stream = connection.stream!({ text: "SELECT 1" }, { batchSize: 1, signal: controller.signal });
    const next = Promise.resolve(stream.next());
    controller.abort(reason);
    await expect(next).rejects.toBe(reason);
    await connection.close();
  });
});

describe("a connection that is lost", () => {
  test("toError() ends it with CONNECTION_LOST, with the outcome that it says", async () => {
    const connection = await connect({
      run: () => Promise.reject(new Error("socket hang up")),
      toError: (thrown) => failuresOf("addon").unknown("the socket closed", thrown),
    });
    await expect(connection.send({ steps: [query("SELECT 1")] })).rejects.toMatchObject({
      code: "CONNECTION_LOST",
      outcome: "unknown",
    });
    expect([connection.state, connection.isReusable]).toEqual(["closed", false]);
  });

  test("one that dies in the middle of a flight has an unknown outcome", async () => {
    const connection = await connect({
      run(db, statement) {
        if (statement.text === "SELECT 2") db.close();
        return options.run(db, statement);
      },
    });
    await expect(connection.send({ steps: ["SELECT 1", "SELECT 2"].map(query) })).rejects.toMatchObject({
      code: "CONNECTION_LOST",
      outcome: "unknown",
    });
    expect(connection.state).toBe("closed");
  });

  test("one that cannot be set back after a read-only transaction is closed; the commit stays done", async () => {
    const connection = await connect({
      run(db, statement) {
        if (statement.text === "PRAGMA query_only = OFF") throw new Error("no");
        return options.run(db, statement);
      },
    });
    const outcomes = await connection.send({
      steps: [{ kind: "begin", options: { accessMode: "read only" } }, query("SELECT 1"), { kind: "commit" }],
    });
    expect(outcomes.map(({ status }) => status)).toEqual(["done", "done", "done"]);
    expect([connection.state, connection.isReusable]).toEqual(["closed", false]);
  });
});

describe("transactions", () => {
  test("foreign keys that a transaction turned off are checked before COMMIT, and on again behind it", async () => {
    const connection = await connect();
    await connection.send({ steps: connection.setup.map(({ text }) => query(text)) });
    await connection.send({
      steps: ["CREATE TABLE p (id INTEGER PRIMARY KEY)", "CREATE TABLE c (p REFERENCES p)"].map(query),
    });
    const outcomes = await connection.send({
      steps: [
        { kind: "begin", options: { foreignKeys: "off" } },
        query("INSERT INTO c VALUES (9)"),
        { kind: "commit" },
      ],
      undo: [{ kind: "rollback" }],
    });
    expect(outcomes.map(({ status }) => status)).toEqual(["done", "done", "failed"]);
    expect(outcomes[2]).toMatchObject({
      error: { code: "QUERY_FAILED", details: { kind: "foreign-key", table: "c" } },
    });
    expect(await value(connection, "PRAGMA foreign_keys")).toBe(1);
    expect(await value(connection, "SELECT count(*) FROM c")).toBe(0);
    await connection.close();
  });

  test("a transaction that will write takes the lock at its beginning", async () => {
    const texts: string[] = [];
    const connection = await connect({
      run(db, statement) {
        texts.push(statement.text);
        return options.run(db, statement);
      },
    });
    for (const begin of [{}, { accessMode: "read write" }, { behavior: "exclusive" }] as const)
      await connection.send({ steps: [{ kind: "begin", options: begin }, { kind: "rollback" }] });
    expect(texts.filter((text) => text.startsWith("BEGIN"))).toEqual(["BEGIN", "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"]);
    await connection.close();
  });

  test("a transaction that was begun through `raw` keeps the connection out of the pool", async () => {
    const connection = await connect();
    (connection.raw as Addon).exec("BEGIN");
    expect(connection.isReusable).toBe(false);
    await connection.close();
  });
});

test("every kind of placeholder binds in every driver", () => {
  const bind = (text: string, params: never): unknown => bindSqlite({ text, params });
  expect(bind("select :a, $b, @a, ':a'", { a: 1, b: true } as never)).toEqual({
    text: "select ?, ?, ?, ':a'",
    values: [1n, 1n, 1n],
  });
  expect(bind("select ?2, ?1, ?2", ["x", 1.5] as never)).toEqual({ text: "select ?, ?, ?", values: [1.5, "x", 1.5] });
  expect(bind("select ?, ?", [null, new Date(0)] as never)).toEqual({
    text: "select ?, ?",
    values: [null, "1970-01-01T00:00:00.000Z"],
  });
});

test("bytes that a driver returns are copied, in whatever they come", () => {
  const whole = Uint8Array.of(1, 2, 3, 4);
  const seen = [whole.subarray(1, 3), Buffer.from(whole.buffer, 1, 2), new DataView(whole.buffer, 1, 2)].map(
    readSqlite,
  );
  const all = readSqlite(whole.buffer);
  whole.fill(9);
  expect(seen).toEqual([Uint8Array.of(2, 3), Uint8Array.of(2, 3), Uint8Array.of(2, 3)]);
  expect(all).toEqual(Uint8Array.of(1, 2, 3, 4));
});

test("a database on it is a database like any other", async () => {
  const db = createDatabase("addon:memory", { adapters: [simpleAdapter(options)] });
  const rows = await db.session(async (session) => {
    await session.query("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT)");
    await session.transaction((part) => part.sql`INSERT INTO item (name) VALUES (${"tea"})`, { propagation: "nested" });
    return session.sql`SELECT * FROM item`;
  });
  expect(rows).toEqual([{ id: 1, name: "tea" }]);
  await expect(db.autocommit.query("CREATE TEMP TABLE t (x)")).rejects.toMatchObject({ code: "QUERY_FAILED" });
  await db.dispose();
});

test("an upsert, which may have updated, tells no row id: the last one is of an earlier session's insert", async () => {
  const db = createDatabase("addon:memory", { adapters: [simpleAdapter(options)] });
  const idOf = (text: string): Promise<unknown> =>
    db.session(async (session) => (await session.query(text)).lastInsertRowid);
  await db.autocommit.query("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT)");
  expect(await idOf("INSERT INTO item VALUES (7, 'salt')")).toBe(7);
  expect(await idOf("INSERT INTO item VALUES (41, 'tea')")).toBe(41);
  expect(await idOf("INSERT INTO item VALUES (7, 'x') ON CONFLICT (id) DO UPDATE SET name = 'x'")).toBeUndefined();
  expect(await idOf("REPLACE INTO item VALUES (7, 'rice')")).toBe(7);
  await db.dispose();
});
