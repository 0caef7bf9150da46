// `retry` does the work again from its start: only when nothing of it is there to stay.

import { expect, test } from "vitest";
import { queryFailed } from "../kit/fake-adapter.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

const lostRace = queryFailed("serialization", "", true);
const retry = { retries: 3, delayMs: 0 };
const script = (text: string) => (text === "race" ? { error: lostRace } : undefined);

test("work that has committed a part of itself is not done again: that part would be done twice", async () => {
  const { db, adapter } = fakeDatabase({ script });
  const work = db.session(
    async (s) => {
      await s.query("insert");
      await s.commit();
      await s.query("race");
    },
    { retry },
  );
  await expect(work).rejects.toBe(lostRace);
  expect(adapter.flights).toEqual(["1: begin | insert", "1: commit", "1: begin | race", "1: rollback"]);
});

test("neither is work without a transaction, once a statement of it was done", async () => {
  const { db, adapter } = fakeDatabase({ script });
  const work = db.session(
    async (s) => {
      await s.query("insert");
      await s.query("race");
    },
    { retry, transaction: false },
  );
  await expect(work).rejects.toBe(lostRace);
  expect(adapter.flights).toEqual(["1: insert", "1: race"]);
});

test("work that has rolled back, or done nothing yet, is done again", async () => {
  let races = 1;
  const { db, adapter } = fakeDatabase({
    script: (text) => (text === "race" && races-- > 0 ? { error: lostRace } : undefined),
  });
  await db.session(
    async (s) => {
      await s.query("try");
      await s.rollback();
      await s.query("race");
    },
    { retry },
  );
  expect(adapter.flights).toEqual([
    ...["1: begin | try", "1: rollback", "1: begin | race", "1: rollback"],
    ...["1: begin | try", "1: rollback", "1: begin | race", "1: commit"],
  ]);
});

test.each([true, false])(
  "what may have been executed is never done again, though the loss is retryable (transaction: %s)",
  async (transaction) => {
    const { db, adapter } = fakeDatabase({
      script: (text) => (text === "insert" ? { lost: "unknown" } : undefined),
    });
    const work = db.session((s) => s.query("insert"), { retry, transaction });
    await expect(work).rejects.toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown", retryable: true });
    expect(adapter.flights).toHaveLength(1);
  },
);
