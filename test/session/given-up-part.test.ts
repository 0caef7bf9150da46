// FOUND: what a part had done was committed, or took the session with it, when it was given up while another was inside it.

import { describe, expect, test } from "vitest";
import { type Database, shared } from "../../src/index.ts";
import { FakeClock, settle } from "../kit/fake-clock.ts";
import { deferred } from "../kit/fake-database.ts";
import { DIALECTS, storingDatabase } from "../kit/storing-database.ts";
import { memoryDatabase } from "../pydal/sql-js.ts";

const gone = new Error("the client has gone");
const nested = { propagation: "nested" } as const;
const boom = new Error("boom");

/** A part with work done is given up while one inside it is under way; the session then goes on and commits. */
async function program(
  db: Database,
  insideAsks: boolean,
  insideEnds: "first" | "last" | "failing",
): Promise<unknown[]> {
  const controller = new AbortController();
  const gate = deferred();
  const late: unknown[] = [];
  await db.session(async (s) => {
    await s.query("insert into t values ('first')");
    let inside: Promise<unknown> | undefined;
    const part = s.transaction(
      async (a) => {
        await a.query("insert into t values ('part')");
        inside = a.transaction(async (b) => {
          if (insideAsks) await b.query("insert into t values ('inside')");
          await gate.promise;
          if (insideEnds === "failing") throw boom;
          await b.query("insert into t values ('late')");
        }, nested);
        inside.catch(() => undefined);
        await inside;
      },
      { ...nested, signal: controller.signal },
    );
    setImmediate(() => controller.abort(gone));
    await expect(part).rejects.toBe(gone);
    if (insideEnds === "last") await s.query("insert into t values ('second')");
    gate.resolve();
    await expect(inside).rejects.toBeDefined();
    await inside?.catch((error: unknown) => late.push(error));
    await s.query("insert into t values ('third')");
  });
  return late;
}

const insides = [
  ["has sent nothing", false],
  ["has sent something", true],
] as const;

describe.each(insides)("a part that is given up while one inside it %s is taken back alone", (_what, asks) => {
  describe.each(["first", "last", "failing"] as const)("the one inside ends %s", (ends) => {
    const rows = ends === "last" ? ["first", "second", "third"] : ["first", "third"];

    test.each(DIALECTS)("%s rules", async (dialect) => {
      const { db, stored } = storingDatabase({ dialect });
      await program(db, asks, ends);
      expect(stored).toEqual(rows.map((row) => `insert into t values ('${row}')`));
    });

    test("on the real sql.js", async () => {
      const db = await memoryDatabase();
      await db.autocommit.query("create table t (v)");
      await program(db, asks, ends);
      expect(await db.autocommit.sql`select v from t`.values()).toEqual(rows.map((row) => [row]));
    });
  });
});

test("its deadline does the same, and the one inside it is refused by name", async () => {
  const clock = new FakeClock();
  const { db, stored } = storingDatabase({}, { runtime: { ...shared(), clock } });
  const gate = deferred();
  let late: Promise<unknown> | undefined;
  const work = db.session(async (s) => {
    const part = s.transaction(
      async (a) => {
        await a.query("part");
        await a.transaction(async (b) => {
          await gate.promise;
          late = b.query("late");
          await late;
        }, nested);
      },
      { ...nested, timeoutMs: 20 },
    );
    await expect(part).rejects.toMatchObject({ code: "QUERY_TIMEOUT" });
    await s.query("second");
    gate.resolve();
    await settle();
    await expect(late).rejects.toMatchObject({ code: "SESSION_CLOSED", outcome: "not-executed" });
  });
  await clock.advance(20);
  await work;
  expect(stored).toEqual(["second"]);
});

test.each(DIALECTS)(
  "three deep, the middle one given up: what is around it stays, what is inside goes (%s)",
  async (dialect) => {
    const { db, adapter, stored } = storingDatabase({ dialect });
    const controller = new AbortController();
    await db.session((s) =>
      s.transaction(async (a) => {
        await a.query("a");
        const middle = a.transaction(
          async (b) => {
            await b.query("b");
            await b.transaction(async (c) => {
              await c.query("c");
              controller.abort(gone);
              await c.query("late");
            }, nested);
          },
          { ...nested, signal: controller.signal },
        );
        await expect(middle).rejects.toBe(gone);
        await a.query("after");
      }, nested),
    );
    expect(stored).toEqual(["a", "after"]);
    expect(adapter.flights.at(-2)).toBe("1: rollback-to isopool_2 | release isopool_2 | after");
  },
);

test("a flight that was to take a part back and is lost loses the transaction, and nothing of it is stored", async () => {
  const { db, stored } = storingDatabase({
    script: (text) => (text.startsWith("rollback-to") ? { lost: "not-executed" } : undefined),
  });
  const work = db.session(async (s) => {
    await s.query("first");
    await s
      .transaction(async (a) => Promise.reject(await a.query("part").then(() => boom)), nested)
      .catch(() => undefined);
    await expect(s.query("second")).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    await expect(s.query("third")).rejects.toMatchObject({ code: "TRANSACTION_LOST" });
  });
  await expect(work).rejects.toMatchObject({ code: "TRANSACTION_LOST" });
  expect(stored).toEqual([]);
});
