import { expect, test } from "vitest";
import { queryFailed } from "../kit/fake-adapter.ts";
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
  const { db } = fakeDatabase({ script: (text) => (text === "race" ? { error: lostRace } : undefined) });
  const controller = new AbortController();
  const work = db.session((s) => s.query("race"), {
    retry: { retries: 9, delayMs: 60_000, maxDelayMs: 60_000 },
    signal: controller.signal,
  });
  const reason = new Error("gone");
  setTimeout(() => controller.abort(reason), 5);
  await expect(work).rejects.toBe(reason);
});

test.each([-1, Number.NaN, { retries: 1, delayMs: -5 }])("retry %j is a TypeError", async (retry) => {
  const { db } = fakeDatabase();
  await expect(db.session(() => 1, { retry })).rejects.toThrow(TypeError);
});
