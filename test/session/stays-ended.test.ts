// FOUND: a reconnect() that was refused brought an ended session back to life; its connection was never given back.

import { expect, test } from "vitest";
import type { Session } from "../../src/index.ts";
import { settle } from "../kit/fake-clock.ts";
import { deferred, fakeDatabase } from "../kit/fake-database.ts";

const closed = { code: "SESSION_CLOSED" };

test("a refused reconnect() on the handle of a part leaves the closed session closed", async () => {
  const { db, adapter } = fakeDatabase({}, { pool: { max: 1 } });
  const session = db.open({ transaction: false });
  const gate = deferred();
  const part = session.transaction(async (tx) => {
    await gate.promise;
    await expect(tx.reconnect()).rejects.toMatchObject({ code: "PROPAGATION_REFUSED" });
    await expect(tx.query("zombie")).rejects.toMatchObject(closed);
  });
  part.catch(() => undefined);
  await settle();
  await session.close(null);
  gate.resolve();
  await expect(part).rejects.toMatchObject(closed);
  await expect(session.query("late")).rejects.toMatchObject(closed);
  await db.autocommit.query("next");
  expect(adapter.flights).toEqual(["1: next"]);
});

test("nothing brings a session back whose work has returned, nor one that failed", async () => {
  const { db, adapter } = fakeDatabase();
  const kept: Session[] = [];
  await db.session((s) => kept.push(s));
  await db
    .session((s) => {
      kept.push(s);
      throw new Error("boom");
    })
    .catch(() => undefined);
  await db.session(async (s) => {
    kept.push(s);
    await s.close();
  });
  for (const session of kept) {
    await expect(session.reconnect()).rejects.toMatchObject(closed);
    await expect(session.query("late")).rejects.toMatchObject(closed);
  }
  expect(adapter.log).toEqual([]);
});

test("handles, parts, streams and connections of a session that was closed stay ended when it goes on", async () => {
  const { db, adapter } = fakeDatabase({
    script: (text) => (text === "all" ? { columns: ["n"], rows: [[1], [2]] } : undefined),
  });
  const session = db.open();
  const connection = await session.getConnection();
  const rows = session.stream("all", { batchSize: 1 })[Symbol.asyncIterator]();
  await rows.next();
  let inner!: Session;
  const gate = deferred();
  const part = session.transaction(
    async (tx) => {
      inner = tx;
      await gate.promise;
    },
    { propagation: "nested" },
  );
  part.catch(() => undefined);
  await settle();
  await session.close("rollback");
  await session.reconnect();
  await session.query("new");
  gate.resolve();
  await expect(part).rejects.toMatchObject(closed);
  await expect(inner.query("zombie")).rejects.toMatchObject(closed);
  await expect(inner.transaction(() => 1)).rejects.toMatchObject(closed);
  await expect(rows.next()).rejects.toMatchObject(closed);
  await session.close();
  expect(adapter.flights.filter((line) => !line.includes("stream"))).toEqual([
    "1: begin",
    "1: rollback",
    "1: begin | new",
    "1: commit",
  ]);
  await expect(connection.query("late")).rejects.toMatchObject(closed);
});

test("a part of the closed session that is given up afterwards takes nothing back of what goes on", async () => {
  const { db, adapter } = fakeDatabase();
  const session = db.open();
  const controller = new AbortController();
  const part = session.transaction(() => new Promise(() => undefined), {
    propagation: "nested",
    signal: controller.signal,
  });
  part.catch(() => undefined);
  await session.query("one").catch(() => undefined);
  await session.close("rollback");
  await session.reconnect();
  await session.query("new");
  controller.abort(new Error("too late"));
  await settle();
  await session.query("newer");
  await session.close();
  expect(adapter.flights.slice(-3)).toEqual(["1: begin | new", "1: newer", "1: commit"]);
});
