import { expect, test } from "vitest";
import { shared } from "../../src/index.ts";
import { FakeClock } from "../kit/fake-clock.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

test("a connection that is held for too long is reported once, with who holds it, for how long, and where it was taken", async () => {
  const clock = new FakeClock();
  const { db, events } = fakeDatabase({}, { runtime: { ...shared(), clock }, pool: { leakMs: 1_000 }, stacks: true });
  const session = db.open();
  await session.query("one");
  await clock.advance(999);
  expect(events.filter(({ type }) => type === "leak")).toEqual([]);
  await clock.advance(5_000);
  const leaks = events.filter((event) => event.type === "leak");
  expect(leaks).toMatchObject([
    { connection: 1, heldMs: 1_000, owner: { id: expect.any(Number) }, stack: expect.stringContaining("leak.test.ts") },
  ]);
  await session.close();
  expect(clock.timers).toBe(0);
});

test("without stacks the report has none, and a session that ends in time is not reported", async () => {
  const clock = new FakeClock();
  const { db, events } = fakeDatabase({}, { runtime: { ...shared(), clock }, pool: { leakMs: 1_000 } });
  await db.session((s) => s.query("one"));
  await clock.advance(5_000);
  expect(events.filter(({ type }) => type === "leak")).toEqual([]);
  const session = db.open();
  await session.query("one");
  await clock.advance(1_000);
  expect(events.find((event) => event.type === "leak")).toMatchObject({ stack: undefined });
  await session.close();
});
