// Found by the simulation: close() of a session that was about to end by itself resolved while its statements still flew.

import { expect, test } from "vitest";
import { closeAllInstances, type Session } from "../../src/index.ts";
import { settle } from "../kit/fake-clock.ts";
import { byNow, deferred, fakeDatabase } from "../kit/fake-database.ts";

const boom = new Error("boom");

test.each([
  ["its COMMIT flies", "commit", async () => undefined],
  ["its ROLLBACK flies", "rollback", async () => Promise.reject(boom)],
])("close(null) while %s resolves when the session has ended, and not before", async (_when, text, outcome) => {
  const gate = deferred();
  const { db } = fakeDatabase({ script: (sent) => (sent === text ? gate.promise.then(() => undefined) : undefined) });
  const told: string[] = [];
  let close!: () => Promise<void>;
  const work = db.session(async (s) => {
    close = () => s.close(null);
    await s.query("one");
    return outcome();
  });
  work.catch(() => undefined);
  await settle();
  const closing = close().then(() => told.push(`closed, ${db.stats().busy} busy`));
  await settle();
  expect(told).toEqual([]);
  gate.resolve();
  await closing;
  await Promise.allSettled([work]);
  expect(told).toEqual(["closed, 0 busy"]);
});

test("closeAllInstances() of a part whose session is about to end waits for that end", async () => {
  const gate = deferred();
  const { db } = fakeDatabase({
    script: (sent) => (sent === "rollback" ? gate.promise.then(() => undefined) : undefined),
  });
  let closing!: Promise<unknown>;
  const work = db.session(async (s) => {
    await s.query("one");
    void (async () => {
      await settle();
      closing = closeAllInstances(null).then(() => db.stats().busy);
    })();
    throw boom;
  });
  work.catch(() => undefined);
  await settle();
  await settle();
  gate.resolve();
  expect(await closing).toBe(0);
  await expect(work).rejects.toBe(boom);
});

test("close('commit') while the ROLLBACK of a close(action) flies says that nothing was kept", async () => {
  const gate = deferred();
  const { db } = fakeDatabase({
    script: (sent) => (sent === "rollback" ? gate.promise.then(() => undefined) : undefined),
  });
  const session = db.open();
  await session.query("one");
  const first = session.close(() => undefined);
  await settle();
  const second = session.close("commit");
  second.catch(() => undefined);
  await settle();
  gate.resolve();
  await first;
  await expect(second).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  await session.close();
});

test("who closes a session in its work hears of it ahead of who waits for the work", async () => {
  for (const action of [null, "commit"] as const) {
    const { db } = fakeDatabase();
    const told: string[] = [];
    const work = db.session(async (s) => {
      await s.query("one");
      void s.close(action).then(() => told.push("closed"));
    });
    await work.then(() => told.push("worked"));
    expect(told).toEqual(["closed", "worked"]);
  }
});

test("work that goes on behind the failure of its own close() is done; a part of a session that was closed is not", async () => {
  const { db, events } = fakeDatabase({ script: (text) => (text === "commit" ? { error: boom } : undefined) });
  const work = db.session(async (s) => {
    await s.query("one");
    await expect(s.close()).rejects.toBe(boom);
    return "done";
  });
  expect(await work).toBe("done");
  expect(events.at(-1)).toMatchObject({ type: "end", outcome: "failed", error: boom });
  for (const propagation of ["nested", "required"] as const) {
    const gate = deferred();
    const session = db.open();
    const part = session.transaction(() => gate.promise, { propagation });
    part.catch(() => undefined);
    await settle();
    await session.close("rollback");
    gate.resolve();
    await expect(part).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  }
});

test("close() of a session that fails waits until its connection is given back", async () => {
  const gate = deferred();
  const { db, adapter } = fakeDatabase({
    script: (text) => (text === "all" ? { columns: ["n"], rows: [[1], [2]] } : undefined),
  });
  let session!: Session;
  const work = db.session(async (s) => {
    session = s;
    const rows = s.stream("all", { batchSize: 1 })[Symbol.asyncIterator]();
    await rows.next();
    for (const stream of s.unit.holder.streams) stream.return = () => gate.promise;
    throw boom;
  });
  work.catch(() => undefined);
  await settle();
  await settle();
  expect(adapter.flights.at(-1)).toBe("1: rollback");
  const closing = session.close(null);
  expect(await byNow(closing)).toBe("pending");
  gate.resolve();
  await closing;
  expect(db.stats().busy).toBe(0);
  await expect(work).rejects.toBe(boom);
});
