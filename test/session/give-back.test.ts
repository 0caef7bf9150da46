// FOUND: setConnection() and reconnect() gave the connection to the pool while a statement of the same session flew on it.

import { describe, expect, test } from "vitest";
import { DbError, type Session } from "../../src/index.ts";
import { settle } from "../kit/fake-clock.ts";
import { deferred, fakeDatabase } from "../kit/fake-database.ts";
import { storingDatabase } from "../kit/storing-database.ts";

const ways: readonly (readonly [string, (session: Session) => Promise<unknown>, kept: string[]])[] = [
  ["setConnection(null)", (s) => s.setConnection(null), []],
  ["reconnect()", (s) => s.reconnect(), ["A1"]],
];

describe.each(ways)("%s", (_way, giveBack, kept) => {
  test("lets no statement of the session fly on a connection that another session has by then", async () => {
    const gate = deferred();
    const settles = /^(commit|rollback)$/;
    const { db, adapter, stored } = storingDatabase(
      { script: async (text) => void (settles.test(text) && (await gate.promise)) },
      { pool: { max: 1 } },
    );
    const first = db.session(async (s) => {
      await s.query("A1");
      const moved = giveBack(s);
      await settle();
      await Promise.all([moved, s.query("A2")]);
    });
    await settle();
    const second = db.session(async (s) => {
      await s.query("B1");
      await s.query("B2");
    });
    await settle();
    gate.resolve();
    await Promise.all([first, second]);
    expect(stored.toSorted()).toEqual([...kept, "A2", "B1", "B2"].toSorted());
    const between = adapter.flights.slice(adapter.flights.indexOf("1: begin | B1"));
    expect(between.slice(0, 3)).toEqual(["1: begin | B1", "1: B2", "1: commit"]);
  });

  test("waits for what flies, and for what was asked before it", async () => {
    const gate = deferred();
    const { db, adapter } = fakeDatabase({ script: async (text) => void (text === "slow" && (await gate.promise)) });
    await db.session(async (s) => {
      const slow = s.query("slow");
      await settle();
      const queued = s.query("queued");
      const moved = giveBack(s);
      await settle();
      expect(db.stats().busy).toBe(1);
      expect(adapter.flights).toEqual(["1: begin | slow"]);
      gate.resolve();
      await Promise.all([slow, queued, moved]);
      expect(adapter.flights.slice(0, 2)).toEqual(["1: begin | slow", "1: queued"]);
    });
  });

  test("waits for a transaction inside that is under way, and does not cut it in two", async () => {
    const { db, adapter, stored } = storingDatabase();
    const gate = deferred();
    await db.session(
      async (s) => {
        const part = s.transaction(async (tx) => {
          await tx.query("A1");
          await gate.promise;
          await tx.query("A2");
        });
        await settle();
        const moved = giveBack(s);
        await settle();
        gate.resolve();
        await Promise.all([part, moved]);
      },
      { transaction: false },
    );
    expect(stored).toEqual(["A1", "A2"]);
    expect(adapter.flights).toEqual(["1: begin | A1", "1: A2", "1: commit"]);
  });
});

test("a connection whose driver is in a transaction, as a stream has left it, is closed, and no other session gets it", async () => {
  const { db, adapter } = fakeDatabase({
    script: (text, connection) => {
      if (text === "all") connection.state = "transaction";
      return undefined;
    },
  });
  for await (const _row of db.stream("all")) await Promise.resolve();
  await settle();
  expect(adapter.log).toEqual(["open 1", "1: stream all", "1: stream returned", "close 1"]);
});

test("reconnect() that gets no other connection rejects, with its work committed", async () => {
  const refused = new DbError("AUTH_FAILED", "refused", { adapter: "fake" });
  const { db, adapter } = fakeDatabase({
    onOpen: (attempt) => {
      if (attempt > 1) throw refused;
    },
  });
  const session = db.open();
  await session.query("one");
  adapter.connections[0]!.isReusable = false;
  await expect(session.reconnect()).rejects.toBe(refused);
  expect(adapter.flights).toEqual(["1: begin | one", "1: commit"]);
  await session.close();
});
