import { expect, onTestFinished, test, vi } from "vitest";
import { shared } from "../../src/index.ts";
import { queryFailed } from "../kit/fake-adapter.ts";
import { FakeClock } from "../kit/fake-clock.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

const lostRace = queryFailed("serialization", "", true);

test("work that lost a race is done again from the start, and only as often as asked", async () => {
  let failures = 2;
  const { db, adapter, events } = fakeDatabase({
    script: (text) => (text === "update" && failures-- > 0 ? { error: lostRace } : undefined),
  });
  await db.session((s) => s.query("update"), { retry: { retries: 2, delayMs: 1 } });
  expect(adapter.flights).toEqual([
    ...["1: begin | update", "1: rollback"],
    ...["1: begin | update", "1: rollback"],
    ...["1: begin | update", "1: commit"],
  ]);
  expect(events.filter(({ type }) => type === "retry")).toMatchObject([
    { attempt: 1, error: lostRace },
    { attempt: 2 },
  ]);
  failures = 3;
  await expect(db.session((s) => s.query("update"), { retry: { retries: 2, delayMs: 1 } })).rejects.toBe(lostRace);
});

test("nothing is done again by default, nor for an error that would come back", async () => {
  const { db, adapter } = fakeDatabase({
    script: (text) =>
      text === "race" ? { error: lostRace } : text === "bad" ? { error: queryFailed("syntax") } : undefined,
  });
  await expect(db.session((s) => s.query("race"))).rejects.toBe(lostRace);
  await expect(db.session((s) => s.query("bad"), { retry: 3 })).rejects.toMatchObject({ code: "QUERY_FAILED" });
  expect(adapter.flights.filter((line) => line.includes("begin"))).toHaveLength(2);
});

test("an abort during the pause ends it, with the signal's reason", async () => {
  const { db, events } = fakeDatabase({ script: (text) => (text === "race" ? { error: lostRace } : undefined) });
  const controller = new AbortController();
  const work = db.session((s) => s.query("race"), {
    retry: { retries: 9, delayMs: 60_000, maxDelayMs: 60_000 },
    signal: controller.signal,
  });
  const reason = new Error("gone");
  await vi.waitFor(() => expect(events.at(-1)).toMatchObject({ type: "retry" }), { timeout: 20_000 });
  controller.abort(reason);
  await expect(work).rejects.toBe(reason);
  // Nothing was begun for another attempt.
  expect(events.filter(({ type }) => type === "session")).toHaveLength(1);
});

test("a session that is aborted as it loses a race tells its own error, and speaks of no other attempt", async () => {
  const controller = new AbortController();
  const { db, events } = fakeDatabase({ script: (text) => (text === "race" ? { error: lostRace } : undefined) });
  const work = db.session(
    async (s) => {
      await s.query("race").catch(() => undefined);
      controller.abort(new Error("gone"));
      throw lostRace;
    },
    { retry: 3, signal: controller.signal },
  );
  await expect(work).rejects.toThrow("gone");
  expect(events.filter(({ type }) => type === "retry")).toEqual([]);
});

test("the pause doubles with each attempt up to its limit, with full jitter", async () => {
  const clock = new FakeClock();
  const { db, events } = fakeDatabase(
    { script: (text) => (text === "race" ? { error: lostRace } : undefined) },
    { runtime: { ...shared(), clock } },
  );
  const random = vi.spyOn(Math, "random").mockReturnValue(0.5);
  onTestFinished(() => {
    random.mockRestore();
  });
  const work = db.session((s) => s.query("race"), { retry: { retries: 4, delayMs: 100, maxDelayMs: 300 } });
  const failure = work.catch((error: unknown) => error);
  await clock.advance(1_000);
  expect(await failure).toBe(lostRace);
  const pauses = events.flatMap((event) => (event.type === "retry" ? event.delayMs : []));
  expect(pauses).toEqual([50, 100, 150, 150]);
  expect(clock.timers).toBe(0);
});

test.each([-1, Number.NaN, { retries: 1, delayMs: -5 }, { retries: 1, maxDelayMs: -5 }])(
  "retry %j is a TypeError",
  async (retry) => {
    const { db } = fakeDatabase();
    await expect(db.session(() => 1, { retry })).rejects.toThrow(TypeError);
  },
);

test("by default the first pause is 50 ms at most, and none is longer than 2 s", async () => {
  const clock = new FakeClock();
  const { db, events } = fakeDatabase(
    { script: (text) => (text === "race" ? { error: lostRace } : undefined) },
    { runtime: { ...shared(), clock } },
  );
  const random = vi.spyOn(Math, "random").mockReturnValue(1);
  onTestFinished(() => {
    random.mockRestore();
  });
  const failure = db.session((s) => s.query("race"), { retry: 8 }).catch((error: unknown) => error);
  await clock.advance(20_000);
  expect(await failure).toBe(lostRace);
  const pauses = events.flatMap((event) => (event.type === "retry" ? [event.delayMs] : []));
  expect(pauses).toEqual([50, 100, 200, 400, 800, 1_600, 2_000, 2_000]);
});
