// Found by the simulation: close() of a session that was about to end by itself resolved while its statements still flew.

import { expect, test } from "vitest";
import { closeAllInstances } from "../../src/index.ts";
import { settle } from "../kit/fake-clock.ts";
import { deferred, fakeDatabase } from "../kit/fake-database.ts";

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
