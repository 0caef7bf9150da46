// FOUND: `retry` did not see a retryable DbError that an ORM had wrapped.

import { expect, test } from "vitest";
import { DbError } from "../../src/index.ts";
import { queryFailed } from "../kit/fake-adapter.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

const busy = queryFailed("busy", "", true);

class OrmError extends Error {
  override readonly name = "OrmError";
}

/** Fails with `failure` for the first time, and counts the attempts. */
async function attempts(failure: unknown): Promise<number> {
  const { db } = fakeDatabase();
  let count = 0;
  const work = db.session(
    async (s) => {
      await s.query("one");
      if (++count === 1) throw failure;
    },
    { retry: { retries: 1, delayMs: 0 } },
  );
  const [outcome] = await Promise.allSettled([work]);
  if (outcome.status === "rejected") expect(outcome.reason).toBe(failure);
  return count;
}

test.each([
  ["wrapped once", new OrmError("failed", { cause: busy })],
  ["wrapped twice", new OrmError("failed", { cause: new OrmError("query", { cause: busy }) })],
])("a retryable error that an ORM has %s is seen", async (_how, error) => {
  expect(await attempts(error)).toBe(2);
});

test.each([
  ["an error that is not retryable", new OrmError("failed", { cause: queryFailed("unique") })],
  ["one with no cause of ours", new OrmError("failed", { cause: new Error("other") })],
  [
    "one whose outcome is unknown",
    new OrmError("failed", {
      cause: new DbError("CONNECTION_LOST", "gone", { adapter: "" }, { outcome: "unknown", retryable: true }),
    }),
  ],
])("%s is not tried again", async (_what, error) => {
  expect(await attempts(error)).toBe(1);
});

test("causes that lead in a circle end, too", async () => {
  const error = new OrmError("a");
  error.cause = new OrmError("b", { cause: error });
  expect(await attempts(error)).toBe(1);
});

test("the first DbError of its causes decides: what that hides is not looked at", async () => {
  const refused = new DbError("ROLLBACK_ONLY", "no", { scope: "session" }, { cause: busy });
  expect(await attempts(new OrmError("failed", { cause: refused }))).toBe(1);
});
