import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { fakeDatabase } from "../kit/fake-database.ts";

const boom = new Error("boom");

test("a signal that outlives many sessions, statements and waits is left with no listener of theirs", async () => {
  const { db } = fakeDatabase(
    { script: (text) => (text === "bad" ? { error: boom } : undefined) },
    { pool: { max: 1 } },
  );
  const { signal } = new AbortController();
  for (let round = 0; round < 3; round++) {
    await db.session((s) => s.query("one", [], { signal }), { signal });
    await db.session((s) => s.query("bad", [], { signal }), { signal, retry: 1 }).catch(() => undefined);
    await Promise.all([1, 2, 3].map(() => db.session((s) => s.batch(["a", "b"], { signal }), { signal })));
    for await (const _row of db.stream("all", { signal }));
    const session = db.open({ signal });
    await session.query("one");
    await session.close();
  }
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

test("a session by hand that was reconnected is still ended by its signal, and waitUntil waits for that", async () => {
  const { db, adapter } = fakeDatabase();
  const controller = new AbortController();
  let settled: Promise<unknown> | undefined;
  const session = db.open({ signal: controller.signal, waitUntil: (promise) => void (settled = promise) });
  await session.query("one");
  await session.reconnect();
  await session.query("two");
  controller.abort(boom);
  await settled;
  await new Promise((resolve) => setImmediate(resolve));
  await expect(session.query("late")).rejects.toMatchObject({ code: "SESSION_CLOSED", cause: boom });
  expect(adapter.flights).toEqual(["1: begin | one", "1: commit", "1: begin | two", "1: rollback"]);
  await session.close(null);
});

test("a session that was reconnected tells its end once", async () => {
  const { db, events } = fakeDatabase();
  await db.session(async (s) => {
    await s.query("one");
    await s.reconnect();
    await s.query("two");
  });
  expect(events.filter(({ type }) => type === "session")).toHaveLength(1);
  expect(events.filter(({ type }) => type === "end")).toHaveLength(1);
});
