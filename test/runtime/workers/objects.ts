// A Durable Object with a database of its own: what happens in it, by path.

import { DurableObject } from "cloudflare:workers";
import { durableObject, type ObjectStorage } from "../../../src/adapters/durable-object/index.ts";
import { check } from "../../isolation/history/checker.ts";
import { committed, run } from "../../isolation/history/workload.ts";
import { createDatabase, type Database, isDbError, type Session } from "../../../src/index.ts";

export class Books extends DurableObject {
  readonly #db: Database;
  /** Its transactions may be open for as long as any. */
  readonly patient: Database;
  #hung: Promise<string> | undefined;

  constructor(state: ConstructorParameters<typeof DurableObject>[0], env: unknown) {
    super(state, env);
    const { storage } = this.ctx as { storage: ObjectStorage };
    this.#db = createDatabase("do:books", {
      adapters: [durableObject(() => storage, { transactionTimeoutMs: 1_000 })],
    });
    this.patient = createDatabase("do:patient", {
      adapters: [durableObject(() => storage, { transactionTimeoutMs: 25_000 })],
    });
  }

  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const act = acts[pathname.slice(1)]!;
    try {
      const given = await act(this.#db, searchParams.get("n") ?? "", this);
      return Response.json({ given: given ?? null, stats: this.#db.stats() });
    } catch (error) {
      return Response.json({ failed: told(error) });
    }
  }

  hang(work: () => Promise<unknown>): void {
    this.#hung = work().then(() => "done", told);
  }

  abort(): void {
    (this.ctx as { abort(reason: string): void }).abort("planted");
  }

  get hung(): Promise<string> | undefined {
    return this.#hung;
  }
}

function told(error: unknown): string {
  const cause = error instanceof Error && isDbError(error.cause) ? ` (${error.cause.code})` : "";
  if (!isDbError(error)) return String(error);
  return `${error.code}${isDbError(error, "QUERY_FAILED") ? ` ${error.details.kind}` : ""}${cause}: ${error.message}`;
}

type Act = (db: Database, n: string, books: Books) => unknown;

const add = (session: Session, amount: number): Promise<unknown> =>
  session.query("UPDATE book SET n = n + ?", [amount]);

const MEETING = { transactions: 40, clients: 6, lists: 2, hasWideReads: true, hasLastReads: true } as const;

const acts: Readonly<Record<string, Act>> = {
  set: (db) =>
    db.session((session) =>
      session.batch([
        "CREATE TABLE book (n INTEGER NOT NULL)",
        "INSERT INTO book VALUES (0)",
        "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
        "CREATE TABLE child (id INTEGER PRIMARY KEY, parent REFERENCES parent DEFERRABLE INITIALLY DEFERRED)",
      ]),
    ),
  read: async (db) => (await db.autocommit.query("SELECT n FROM book")).rows[0]!["n"],
  /** Reads, waits for an event of its own, and writes what it has read and one more. */
  increment: (db) =>
    db.session(async (session) => {
      const { rows } = await session.query<{ n: number }>("SELECT n FROM book");
      await new Promise((resolve) => setTimeout(resolve, 1));
      await session.query("UPDATE book SET n = ?", [rows[0]!.n + 1]);
    }),
  incrementsAtOnce: (db, n) =>
    Promise.all(Array.from({ length: Number(n) }, () => acts["increment"]!(db, n, undefined!))),
  /** Begins, writes, and never goes on by itself. */
  hang: (db, _, books) => {
    books.hang(() =>
      db.session(async (session) => {
        await add(session, 1_000);
        await new Promise((resolve) => setTimeout(resolve, 3_000));
        await add(session, 1_000);
      }),
    );
  },
  /** Hangs in a transaction that has a deadline: what it comes to, before a timer does that was set for much later. */
  deadline: async (_, how, { patient }) => {
    let isLate = false;
    const hang = async (session: Session): Promise<void> => {
      await add(session, 1_000);
      await new Promise((resolve) => setTimeout(resolve, 12_000)).then(() => (isLate = true));
    };
    const options = { timeoutMs: 200 };
    const own = patient.open(options);
    const hanging = {
      session: () => patient.session(hang, options),
      open: () => hang(own).then(() => own.close()),
      nested: () => patient.session((session) => session.transaction(hang, { ...options, propagation: "nested" })),
      part: () => patient.session((session) => session.transaction(hang, { propagation: "nested" }), options),
    }[how]!;
    const others = hanging().then(() => "done", told);
    // It waits for its turn, which comes when the other one's time is up.
    await patient.session((session) => add(session, 1));
    const early = !isLate;
    await own.close("rollback").catch(() => undefined);
    return [early, how === "open" ? "" : await others];
  },
  /** The object is started anew in the middle of a session: by itself, or in a part of it. */
  abort: (db, how, books) =>
    db.session(async (session) => {
      await add(session, 1_000);
      const abort = async (inside: Session): Promise<void> => {
        await add(inside, 1_000);
        books.abort();
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      };
      await (how === "part" ? session.transaction(abort, { propagation: "nested" }) : abort(session));
    }),
  thrown: (db, how) =>
    db.session(async (session) => {
      await add(session, 1_000);
      const fail = async (inside: Session): Promise<void> => {
        await add(inside, 1_000);
        throw new RangeError("planted");
      };
      if (how === "swallowed")
        return session
          .transaction(fail, { propagation: "nested" })
          .catch(() => session.query("UPDATE book SET n = n + 1"));
      return how === "part" ? session.transaction(fail, { propagation: "nested" }) : fail(session);
    }),
  /** Nobody catches it: it is thrown in a timer, while the session waits for another one. */
  uncaught: (db) =>
    db.session(async (session) => {
      let isThrown = false;
      await add(session, 1);
      setTimeout(() => {
        isThrown = true;
        throw new RangeError("planted");
      }, 1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      await add(session, 1);
      return isThrown;
    }),
  histories: async (db, n) => {
    const found: unknown[] = [];
    let kept = 0;
    for (let seed = 0; seed < Number(n); seed++) {
      const history = await run(db, { ...MEETING, seed, isolationLevel: "serializable", isAbsent: seed % 2 === 1 });
      found.push(...check(history));
      kept += committed(history);
    }
    return { found, kept };
  },
  unguarded: async (db) =>
    check(await run(db, { ...MEETING, seed: 1, isolationLevel: undefined })).map(({ kind }) => kind),
  hung: (_, __, books) => books.hung,
  /** Writes, and waits until the process is gone. */
  stall: (db) =>
    db.session(async (session) => {
      await add(session, 1_000);
      console.log("stalled");
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    }),
  inside: (db) =>
    db.session(async (session) => {
      await add(session, 1);
      // It waits for this one, which waits for it.
      await db.session((other) => add(other, 10));
    }),
  keysOff: (db) =>
    db.session(
      async (session) => {
        await session.query("CREATE TABLE now (id INTEGER PRIMARY KEY, book REFERENCES book_of (id))");
        await session.query("INSERT INTO now VALUES (1, 7)");
        await session.query("CREATE TABLE book_of (id INTEGER PRIMARY KEY)");
        await session.query("INSERT INTO book_of VALUES (7)");
      },
      { foreignKeys: "off" },
    ),
  keysLeftBroken: (db) =>
    db.session((session) => session.query("INSERT INTO child VALUES (1, 99)"), { foreignKeys: "off" }),
  keys: async (db) => (await db.autocommit.query("PRAGMA foreign_keys")).rows[0]!["foreign_keys"],
  orphan: (db) => db.autocommit.query("INSERT INTO child VALUES (1, 99)"),
  orphanInSession: (db) => db.session((session) => session.query("INSERT INTO child VALUES (1, 99)")),
  deferred: (db) =>
    db.session(async (session) => {
      await session.query("CREATE TABLE IF NOT EXISTS strict_child (parent REFERENCES parent)");
      await session.query("PRAGMA defer_foreign_keys = ON");
      await session.query("INSERT INTO strict_child VALUES (99)");
    }),
  query: async (db, text) =>
    (await db.session((session) => session.query(text))).rows.map((row) => Object.values(row).map(String)),
  upsert: async (db) => {
    await db.autocommit.query("INSERT INTO parent VALUES (7)");
    const { rowsAffected, lastInsertRowid = "none" } = await db.autocommit.query(
      "INSERT INTO book (rowid, n) VALUES (1, 0) ON CONFLICT (rowid) DO UPDATE SET n = 5",
    );
    return [rowsAffected, lastInsertRowid];
  },
  returning: (db) => db.autocommit.query("INSERT INTO parent VALUES (9007199254740993) RETURNING id"),
  bookmark: async (db) => {
    const session = db.open();
    const { raw } = await session.getConnection();
    const bookmark = await (raw as { getCurrentBookmark(): Promise<string> }).getCurrentBookmark();
    await session.close();
    return typeof bookmark;
  },
};

interface Env {
  readonly Books: {
    idFromName(name: string): unknown;
    get(id: unknown): { fetch(request: Request): Promise<Response> };
  };
}

// oxlint-disable-next-line import/no-default-export -- the platform looks for it there.
export default {
  fetch: (request: Request, { Books: books }: Env): Promise<Response> =>
    books.get(books.idFromName("books")).fetch(request),
};
