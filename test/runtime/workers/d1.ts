// A Worker on D1: what it does, by path. Its requests to the database are counted.

import { env } from "cloudflare:workers";
import { d1, type D1Binding, type D1Handle, type D1Options, type D1Statement } from "../../../src/adapters/d1/index.ts";
import { createDatabase, type Database, isDbError, type Session } from "../../../src/index.ts";
import { workers } from "../../../src/integrations/workers/index.ts";
import { check } from "../../isolation/history/checker.ts";
import { committed, modesOf, run } from "../../isolation/history/workload.ts";
import { seeded } from "../../kit/seeded.ts";

let requests = 0;

/** The binding, with its requests counted: each `raw()` and each `batch()` is one. */
function counted(binding: D1Binding): D1Binding {
  const own = new WeakMap<object, D1Statement>();
  const wrap = (statement: D1Statement): D1Statement => {
    const wrapped: D1Statement = {
      bind: (...values) => wrap(statement.bind(...values)),
      raw: (options) => (requests++, statement.raw(options)),
    };
    own.set(wrapped, statement);
    return wrapped;
  };
  const handle = (on: D1Handle): D1Handle => ({
    prepare: (text) => wrap(on.prepare(text)),
    batch: (list) => (requests++, on.batch(list.map((each) => own.get(each)) as never[])),
    ...(on.getBookmark && { getBookmark: () => on.getBookmark!() }),
  });
  return { ...handle(binding), withSession: (constraint) => handle(binding.withSession!(constraint)) };
}

const bindings = env as unknown as Readonly<Record<string, D1Binding>>;

function open(name: string, options: D1Options = {}): Database {
  const binding = counted(bindings[name]!);
  return createDatabase(`d1:${name}`, { adapters: [d1(() => binding, options)], runtime: workers({ warn: false }) });
}

type Act = (db: Database, n: string) => unknown;

const RETRY = { retries: 1_000, delayMs: 2, maxDelayMs: 200 };

async function increment(session: Session): Promise<void> {
  const { rows } = await session.query<{ n: number }>("SELECT n FROM counter WHERE id = 1");
  await session.query("UPDATE counter SET n = ? WHERE id = 1", [rows[0]!.n + 1]);
}

/** What a session was answered at the end, as it would be told to a user. */
async function outcome(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return (await work()) ?? "done";
  } catch (error) {
    if (!isDbError(error)) throw error;
    const kind = isDbError(error, "QUERY_FAILED") ? `:${error.details.kind}` : "";
    return `${error.code}${kind} ${error.outcome}`;
  }
}

/** The double next to one. */
function next(value: number, by: 1n | -1n): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + by);
  return view.getFloat64(0);
}

const acts: Readonly<Record<string, Act>> = {
  set: (db) =>
    db.autocommit.batch([
      "CREATE TABLE counter (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)",
      "INSERT INTO counter VALUES (1, 0)",
      "CREATE TABLE log (id INTEGER PRIMARY KEY, counter INTEGER REFERENCES counter (id) ON DELETE CASCADE, note)",
      "CREATE TABLE audit (id INTEGER PRIMARY KEY, what TEXT)",
      "CREATE TABLE apart (id INTEGER PRIMARY KEY, note)",
      "CREATE TRIGGER audited AFTER INSERT ON log BEGIN INSERT INTO audit (what) VALUES ('a log'); END",
      "CREATE VIEW audits AS SELECT count(*) AS n FROM audit",
    ]),
  query: async (db, text) => (await db.autocommit.query(text)).rows,
  increments: async (db, n) => {
    for (let count = 0; count < Number(n); count++) await db.session(increment, { retry: RETRY });
  },
  readThenWrite: (db) => db.session(increment),
  writes: (db) =>
    db.session(async (session) => {
      await session.query("INSERT INTO apart (note) VALUES ('a')");
      await session.query("INSERT INTO apart (note) VALUES ('b')");
    }),
  twoReads: (db) =>
    db.session(async (session) => {
      await session.query("SELECT n FROM counter");
      await session.query("SELECT count(*) AS n FROM log");
    }),
  readsAtOnce: (db) =>
    db.session((session) =>
      Promise.all([
        session.query("SELECT n FROM counter"),
        session.query("SELECT count(*) AS n FROM log WHERE id < 0"),
      ]),
    ),
  readsOutside: (db) =>
    db.session(
      (session) =>
        Promise.all([session.query("SELECT n FROM counter"), session.query("SELECT n FROM counter WHERE 0")]),
      { transaction: false },
    ),
  /** What D1's own answers to a list lose: equal names, names that are numbers, columns without rows, digits. */
  lossless: (db) =>
    db.session(
      async (session) => {
        const texts = [
          "SELECT 'a' AS x, 'b' AS y, 'c' AS x, 'd' AS x",
          "SELECT 'b' AS b, 'two' AS '2', 'one' AS '1'",
          "SELECT id, n FROM counter WHERE 0",
          "SELECT 9007199254740993 AS n, 1.5 AS r, x'00ff' AS bytes, 2.0 AS two ORDER BY n",
        ];
        const raws = await Promise.all(texts.map((text) => session.raw(text)));
        return raws.map(({ columns, rows }) => [columns, rows.map((row) => row.map(String))]);
      },
      { transaction: false },
    ),
  nothing: (db) => db.session(async () => undefined),
  rolledBack: (db) =>
    outcome(() =>
      db.session(async (session) => {
        await session.query("INSERT INTO apart (note) VALUES ('gone')");
        throw new DOMException("changed my mind");
      }),
    ).catch(() => "rolled back"),
  batch: (db) =>
    db.session((session) =>
      session.commit("INSERT INTO apart (note) VALUES ('c') RETURNING note", "SELECT count(*) FROM apart"),
    ),
  lone: (db) => db.autocommit.query("UPDATE counter SET n = n WHERE id = 1 RETURNING n, id"),
  cascade: async (db) => {
    await db.autocommit.query("INSERT INTO log (counter) VALUES (1), (1)");
    const { rowsAffected } = await db.autocommit.query("DELETE FROM counter");
    return rowsAffected;
  },
  /** Writes, then reads: what each text is answered. */
  reach: async (db, texts) => {
    const [write, ...reads] = JSON.parse(texts) as string[];
    const answers = [];
    for (const read of reads)
      answers.push(
        await outcome(() =>
          db.session(async (session) => {
            await session.query(write!);
            return (await session.query(read)).rows;
          }),
        ),
      );
    return answers;
  },
  /** Reads, lets another session write, then writes: what that comes to. */
  race: async (db, texts) => {
    const [read, other, write] = JSON.parse(texts) as string[];
    return outcome(() =>
      db.session(async (session) => {
        await session.query(read!);
        await db.autocommit.query(other!);
        await session.query(write!);
      }),
    );
  },
  /** With its writes tried: what is known at once. */
  tried: (db) =>
    db.session(async (session) => {
      const first = await session.query("INSERT INTO apart (note) VALUES ('a'), ('b')");
      const second = await session.query("UPDATE apart SET note = 'c' WHERE note = 'b'");
      const none = await session.query("DELETE FROM apart WHERE note = 'z'");
      const twice = await outcome(() =>
        session.transaction((inner) => inner.query("INSERT INTO apart (id) VALUES (1)"), { propagation: "nested" }),
      );
      return [first.rowsAffected, first.lastInsertRowid, second.rowsAffected, none.rowsAffected, twice];
    }),
  /** With another row in between, which is not its own; tried, and not. */
  upsert: async (db) => {
    const text = "INSERT INTO apart (id, note) VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET note = 'b'";
    const lone = async (): Promise<unknown> => {
      const { rowsAffected, lastInsertRowid = "none" } = await db.autocommit.query(text);
      return [rowsAffected, lastInsertRowid];
    };
    const first = await lone();
    const other = await db.autocommit.query("INSERT INTO apart (id, note) VALUES (7, 'do update')");
    return [
      other.lastInsertRowid,
      first,
      await lone(),
      await outcome(() =>
        db.session(async (session) => {
          await session.query(text);
          await db.autocommit.query("INSERT INTO apart (note) VALUES ('another')");
        }),
      ),
    ];
  },
  /** The row id that was told is taken by others before the commit. */
  triedRace: (db) =>
    outcome(() =>
      db.session(async (session) => {
        await session.query("INSERT INTO apart (note) VALUES ('mine')");
        await db.autocommit.query("INSERT INTO apart (note) VALUES ('theirs')");
      }),
    ),
  /** The second read sees a later moment than the first one: it must not be answered. */
  torn: async (db) =>
    outcome(() =>
      db.session(async (session) => {
        await session.query("SELECT n FROM counter");
        await db.autocommit.query("UPDATE counter SET n = n + 1");
        await session.query("SELECT count(*) FROM apart");
      }),
    ),
  /** Of many values: that the guard lets pass what is the same, and nothing that is next to it. */
  values: async (db, n) => {
    const random = seeded(Number(n));
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const real = (): number => (random() - 0.5) * 2 ** Math.floor(random() * 90 - 40);
    const text = (): string =>
      Array.from({ length: random() * 5 }, () => pick(["a", "é", "🦆", "\0", "'", ":", "5"])).join("");
    const wrong: unknown[] = [];
    await db.autocommit.query("INSERT OR REPLACE INTO apart (id, note) VALUES (1, NULL)");
    for (let count = 0; count < 150; count++) {
      const [value, changed] = pick<() => readonly [unknown, unknown]>([
        () => {
          const seen = real();
          return [seen, next(seen, pick([1n, -1n]))];
        },
        () => {
          const seen = BigInt(Math.floor(random() * 2 ** 53)) * BigInt(pick([1, 511, -511]));
          return [seen, seen + 1n];
        },
        () => {
          const seen = text();
          return [seen, `${seen}${pick(["\0", "a"])}`];
        },
        () => {
          const seen = Uint8Array.from({ length: random() * 4 }, () => random() * 256);
          return [seen, Uint8Array.of(...seen, 0)];
        },
        () => [null, ""],
        () => ["5", 5],
        () => [Uint8Array.of(97), "a"],
      ])();
      await db.autocommit.query("UPDATE apart SET note = ? WHERE id = 1", [value as never]);
      for (const other of [undefined, changed]) {
        const came = await outcome(() =>
          db.session(async (session) => {
            await session.query("SELECT note, id FROM apart WHERE id = 1");
            if (other !== undefined)
              await db.autocommit.query("UPDATE apart SET note = ? WHERE id = 1", [other as never]);
            await session.query("UPDATE counter SET n = n + 1");
          }),
        );
        const meant = other === undefined ? "done" : "QUERY_FAILED:serialization not-executed";
        if (came !== meant) wrong.push([String(value), String(other), came]);
      }
    }
    return wrong;
  },
  histories: async (db, options) => {
    const { from, count, ...rest } = JSON.parse(options) as { from: number; count: number };
    const found: unknown[] = [];
    let kept = 0;
    for (let seed = from; seed < from + count; seed++) {
      const history = await run(db, { ...modesOf(seed), ...rest, seed, isolationLevel: "serializable" });
      const anomalies = check(history);
      kept += committed(history);
      if (anomalies.length > 0) found.push({ seed, anomalies: anomalies.map(({ kind, text }) => `${kind}: ${text}`) });
    }
    return { found, kept };
  },
  /** The same without transactions: what the checker then finds. */
  unguarded: async (db) => check(await run(db, { seed: 1, isolationLevel: undefined })).map(({ kind }) => kind),
  bookmark: async (db) => {
    const own = open("SESSION", { session: "first-unconstrained" });
    await own.autocommit.query("CREATE TABLE IF NOT EXISTS t (n)");
    await own.session(async (session) => {
      await session.query("SELECT count(*) FROM t");
      await session.query("INSERT INTO t VALUES (1)");
    });
    const session = own.open({ transaction: false });
    const { rows } = await session.query("SELECT count(*) AS n FROM t");
    const { raw } = await session.getConnection();
    await session.close();
    const bookmark = (raw as D1Handle).getBookmark?.();
    await own.dispose();
    return [rows, typeof bookmark, db.stats().busy];
  },
};

// oxlint-disable-next-line import/no-default-export -- the platform looks for it there.
export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const name = searchParams.get("db")!;
    const db = (databases[name] ??= open(name, { tryWrites: name.startsWith("TRY") }));
    const before = requests;
    try {
      const given = await acts[pathname.slice(1)]!(db, searchParams.get("n") ?? "");
      const { busy, waiting } = db.stats();
      return Response.json({ given: given ?? null, requests: requests - before, busy, waiting });
    } catch (error) {
      return Response.json({ failed: String(error), details: isDbError(error) ? error.details : undefined });
    }
  },
};

const databases: Record<string, Database> = {};
