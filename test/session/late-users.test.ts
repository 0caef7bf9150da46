import { expect, test } from "vitest";
import type { Session } from "../../src/index.ts";
import { askTogether } from "../../src/session/ride.ts";
import { deferred, fakeDatabase } from "../kit/fake-database.ts";

test("a session that has ended refuses late users, and never reconnects silently", async () => {
  const { db, adapter } = fakeDatabase();
  let kept!: Session;
  await db.session(async (s) => {
    kept = s;
    await s.query("one");
  });
  const before = adapter.log.length;
  await expect(kept.query("late")).rejects.toMatchObject({ code: "SESSION_CLOSED", outcome: "not-executed" });
  await expect(kept.sql`late`).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  await expect(kept.batch(["late"])).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  await expect(kept.commit()).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  await expect(kept.getConnection()).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  await expect(kept.transaction(() => 1)).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  await expect(kept.reconnect()).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  expect(() => kept.onCommit(() => undefined)).toThrow(/SESSION_CLOSED/);
  expect(adapter.log).toHaveLength(before);
});

test("work that outlives its session does not slip into autocommit", async () => {
  const { db, adapter } = fakeDatabase();
  const gate = deferred();
  let orphan!: Promise<unknown>;
  await db.session(async (s) => {
    await s.query("one");
    orphan = (async () => {
      await gate.promise;
      await db.query("orphan");
    })();
    orphan.catch(() => undefined);
  });
  gate.resolve();
  await expect(orphan).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  expect(adapter.flights.at(-1)).toBe("1: commit");
});

test("a connection handle is dead once its session gave it back", async () => {
  const { db } = fakeDatabase();
  const connection = await db.session((s) => s.getConnection());
  expect(() => connection.raw).toThrow(/SESSION_CLOSED/);
  await expect(connection.query("late")).rejects.toMatchObject({ code: "SESSION_CLOSED" });
});

test.each([
  ["returned", ["1: begin | one", "1: commit"]],
  ["thrown", ["1: begin | one", "1: rollback"]],
] as const)(
  "what is asked when the work has %s is refused: it is not sent behind the end, told done, and rolled back",
  async (how, flights) => {
    for (let hops = 0; hops < 24; hops++) {
      const { db, adapter } = fakeDatabase();
      let orphan: Promise<unknown> | undefined;
      const work = db.session(async (s) => {
        await s.query("one");
        orphan = (async () => {
          for (let hop = 0; hop < hops; hop++) await Promise.resolve();
          for (;;) await s.query("orphan");
        })();
        orphan.catch(() => undefined);
        if (how === "thrown") throw new Error("boom");
      });
      await work.catch(() => undefined);
      await expect(orphan).rejects.toMatchObject({ code: "SESSION_CLOSED" });
      expect(adapter.flights.filter((line) => line !== "1: orphan")).toEqual(flights);
      expect(adapter.flights.at(-1)).toBe(flights[1]);
    }
  },
);

test("a stream that is asked for when its session has ended is refused at once, not at its first row", async () => {
  const { db } = fakeDatabase();
  const kept = await db.session((s) => s);
  expect(() => kept.stream("late")).toThrow(/SESSION_CLOSED/);
});

// The compiler holds queries, and asks them without another look at the session.
test("queries that are asked together behind the end of their session take no connection", async () => {
  const { db, adapter } = fakeDatabase();
  const session = db.open();
  const queries = [session.sql`one`, session.sql`two`];
  await session.close();
  askTogether(session, queries, undefined, false);
  for (const query of queries) await expect(query).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  expect(adapter.log).toEqual([]);
});

test("what was given up tells why, also when its end comes after", async () => {
  const { db } = fakeDatabase();
  const controller = new AbortController();
  const reason = new Error("gone");
  let kept: Session | undefined;
  const work = db.session(
    async (s) => {
      kept = s;
      controller.abort(reason);
      throw new Error("the work's own, too late");
    },
    { signal: controller.signal },
  );
  await expect(work).rejects.toBe(reason);
  await expect(kept!.query("late")).rejects.toMatchObject({ code: "SESSION_CLOSED", cause: reason });
});

test("a session whose inner transaction has ended can still be closed by hand and go on", async () => {
  const { db, adapter } = fakeDatabase();
  const session = db.open();
  await session.transaction((tx) => tx.query("one"), { propagation: "nested" });
  await session.close();
  await session.reconnect();
  await session.query("two");
  await session.close();
  expect(adapter.flights.at(-2)).toMatch(/begin \| two$/);
});
