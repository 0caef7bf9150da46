import { expect, test } from "vitest";
import type { Session } from "../../src/index.ts";
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
