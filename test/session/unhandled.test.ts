// FOUND: a statement begun early was rejected by isopool itself when the work threw, nobody listened, and the process ended.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Database, Session } from "../../src/index.ts";
import { queryFailed } from "../kit/fake-adapter.ts";
import { settle } from "../kit/fake-clock.ts";
import { deferred, fakeDatabase } from "../kit/fake-database.ts";

const boom = new Error("the work's own");
const bad = queryFailed("unique");

const unhandled: unknown[] = [];
const note = (error: unknown): void => void unhandled.push(error);
beforeEach(() => void process.on("unhandledRejection", note));
afterEach(() => void process.off("unhandledRejection", note));

/** Every rejection that nobody listens to by now. */
async function noted(): Promise<unknown[]> {
  for (let turn = 0; turn < 5; turn++) await settle();
  return unhandled.splice(0);
}

/** What a session can be asked, each given a promise that nobody awaits. */
const asked: readonly (readonly [string, (session: Session, db: Database) => unknown])[] = [
  ["query()", (s) => s.query("bad")],
  ["query() with a signal of its own", (s) => s.query("bad", [], { signal: new AbortController().signal })],
  ["sql, then()", (s) => s.sql`bad`.then((rows) => rows)],
  ["sql, run()", (s) => s.sql`bad`.run()],
  ["sql, first()", (s) => s.sql`bad`.first()],
  ["sql, values()", (s) => s.sql`bad`.values()],
  ["batch()", (s) => s.batch(["bad", "bad"])],
  ["commit(last)", (s) => s.commit("bad")],
  ["transaction()", (s) => s.transaction((tx) => tx.query("bad"))],
  ["a nested transaction()", (s) => s.transaction((tx) => tx.query("bad"), { propagation: "nested" })],
  ["a transaction() in a transaction()", (s) => s.transaction((tx) => tx.transaction((in2) => in2.query("bad")))],
  ["cursor.execute()", (s) => s.cursor.execute("bad")],
  ["the next of a stream", (s) => s.scope.over ?? s.stream("bad")[Symbol.asyncIterator]().next()],
  ["getConnection()", (s) => s.getConnection()],
  ["setConnection(null)", (s) => s.setConnection(null)],
  ["rollback()", (s) => s.rollback()],
  ["reconnect()", (s) => s.reconnect()],
  ["close()", (s) => s.close()],
  ["db.query()", (_s, db) => db.query("bad")],
  ["db.sql", (_s, db) => db.sql`bad`.run()],
  ["db.transaction()", (_s, db) => db.transaction((tx) => tx.query("bad"))],
  ["an async function around it", async (s) => void (await s.query("bad").catch(() => undefined))],
];

describe.each(asked)("%s, begun early", (_what, ask) => {
  test.each([true, false])(
    "ends no process when the work throws in the same tick (transaction: %s)",
    async (transaction) => {
      const { db } = fakeDatabase();
      const work = db.session(
        (s) => {
          void ask(s, db);
          throw boom;
        },
        { transaction },
      );
      await expect(work).rejects.toBe(boom);
      expect(await noted()).toEqual([]);
    },
  );

  test("nor when it throws at any microtask, or is aborted there", async () => {
    const { db } = fakeDatabase();
    for (const how of ["throws", "is aborted"]) {
      for (let hops = 0; hops < 24; hops++) {
        const controller = new AbortController();
        const work = db.session(
          async (s) => {
            void ask(s, db);
            for (let hop = 0; hop < hops; hop++) await Promise.resolve();
            if (how === "throws") throw boom;
            controller.abort(boom);
            await new Promise(() => undefined);
          },
          { signal: controller.signal },
        );
        await work.catch(() => undefined);
      }
      expect(await noted(), how).toEqual([]);
    }
  });

  test("nor when it is asked of a session that failed meanwhile", async () => {
    const { db } = fakeDatabase();
    let kept: Session | undefined;
    let run: (() => void) | undefined;
    await db
      .session((s) => {
        kept = s;
        // The context of the session, which has ended by then.
        run = () => void ask(s, db);
        void Promise.resolve()
          .then(() => settle())
          .then(run);
        throw boom;
      })
      .catch(() => undefined);
    await settle();
    expect(kept).toBeDefined();
    expect(await noted()).toEqual([]);
  });
});

const failing = asked.filter(([what]) => !/getConnection|setConnection|rollback|reconnect|close|around/.test(what));

test.each(failing)(
  "a failure of %s that the database reports and nobody awaits is still nobody's secret",
  async (_what, ask) => {
    const { db } = fakeDatabase({ script: (text) => (text === "bad" ? { error: bad } : undefined) });
    const session = db.open();
    void ask(session, db);
    const [error] = await noted();
    expect(error).toMatchObject({ code: "QUERY_FAILED" });
    await session.close("rollback");
    expect(await noted()).toEqual([]);
  },
);

test("a rejection of the caller's own inside a part is not swallowed", async () => {
  const { db } = fakeDatabase();
  const session = db.open();
  void session.transaction(() => Promise.reject(boom), { propagation: "nested" });
  expect(await noted()).toEqual([boom]);
  await session.close("rollback");
});

test("what a forgotten part asks while its session commits is refused, and ends no process", async () => {
  const [asks, commits] = [deferred(), deferred()];
  const { db } = fakeDatabase({
    script: (text) => (text === "commit" ? commits.promise.then(() => undefined) : undefined),
  });
  let late: Promise<unknown> | undefined;
  const work = db.session(async (s) => {
    await s.query("one");
    void asks.promise.then(() => void (late = s.query("late")));
  });
  await settle();
  asks.resolve();
  expect(await noted()).toEqual([]);
  commits.resolve();
  await work;
  await expect(late).rejects.toMatchObject({ code: "SESSION_CLOSED" });
});

test("nor one of a part that goes on when its session has ended as its user meant it to", async () => {
  const { db } = fakeDatabase();
  const gate = deferred();
  const session = db.open();
  void session.transaction(() => gate.promise.then(() => Promise.reject(boom)));
  await settle();
  await session.close("rollback");
  gate.resolve();
  expect(await noted()).toEqual([boom]);
});

test("the COMMIT of a part that is given up with its session ends no process; one that is lost beside its end does", async () => {
  const [commits, lost] = [deferred(), deferred()];
  let gate = commits;
  const { db } = fakeDatabase({
    script: (text) => (text === "commit" ? gate.promise.then(() => ({ lost: "unknown" })) : undefined),
  });
  const part = (s: Session): void => void s.transaction((tx) => tx.query("one"));
  const work = db.session(
    async (s) => {
      part(s);
      for (let turn = 0; turn < 5; turn++) await settle();
      throw boom;
    },
    { transaction: false },
  );
  work.catch(() => undefined);
  expect(await noted()).toEqual([]);
  commits.resolve();
  await expect(work).rejects.toBe(boom);
  expect(await noted()).toEqual([]);
  gate = lost;
  const session = db.open({ transaction: false });
  part(session);
  expect(await noted()).toEqual([]);
  const closing = session.close("rollback");
  lost.resolve();
  await closing;
  expect(await noted()).toMatchObject([{ code: "COMMIT_UNKNOWN" }]);
});

test("a close() that fails and that nobody awaits is still nobody's secret; those who are cut off by it are quiet", async () => {
  const { db } = fakeDatabase({ script: (text) => (text === "commit" ? { error: bad } : undefined) });
  const session = db.open();
  await session.query("one");
  void session.close();
  expect(await noted()).toEqual([bad]);
  void session.close();
  expect(await noted()).toEqual([]);
});

test("what is asked too late is quiet where the session failed or still ends, and an error of its user's where it has ended", async () => {
  const { db } = fakeDatabase();
  const kept = await db.session((s) => s);
  void kept.query("late");
  expect(await noted()).toMatchObject([{ code: "SESSION_CLOSED" }]);
});
