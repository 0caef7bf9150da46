// A fault at every await of a session's life: open, hook, setup, begin, statement, savepoint, release, commit, rollback.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DbError, type Session, shared } from "../../src/index.ts";
import type { Answer } from "../kit/fake-adapter.ts";
import { queryFailed } from "../kit/fake-adapter.ts";
import { FakeClock, settle } from "../kit/fake-clock.ts";
import { deferred, fakeDatabase } from "../kit/fake-database.ts";

const boom = new Error("the work's own");
const reason = new Error("the client has gone");
const failed = queryFailed("other");
const refused = new DbError("CONNECT_FAILED", "refused", { adapter: "fake" });

const PLACES = [
  "open",
  "hook",
  "setup",
  "begin",
  "one",
  "savepoint isopool_1",
  "two",
  "release isopool_1",
  "three",
  "commit",
  "rollback",
] as const;
type Place = (typeof PLACES)[number];

const FAULTS = [
  "fails",
  "is lost, not executed",
  "is lost, perhaps executed",
  "hangs until the signal aborts",
] as const;
type Fault = (typeof FAULTS)[number];

const unhandled: unknown[] = [];
const note = (error: unknown): void => void unhandled.push(error);
beforeEach(() => void process.on("unhandledRejection", note));
afterEach(async () => {
  await settle();
  process.off("unhandledRejection", note);
  expect(unhandled.splice(0)).toEqual([]);
});

/** What the caller must get. */
function expected(place: Place, fault: Fault): unknown {
  // The caller's error wins over a rollback's.
  if (place === "rollback") return boom;
  if (fault === "hangs until the signal aborts") {
    return place === "commit"
      ? expect.objectContaining({ code: "COMMIT_UNKNOWN", outcome: "unknown", cause: reason })
      : reason;
  }
  if (place === "open") return refused;
  if (place === "hook" || fault === "fails") return failed;
  const isUnknown = fault === "is lost, perhaps executed";
  if (place === "commit" && isUnknown)
    return expect.objectContaining({ code: "COMMIT_UNKNOWN", outcome: "unknown", retryable: false });
  return expect.objectContaining({ code: "CONNECTION_LOST", outcome: isUnknown ? "unknown" : "not-executed" });
}

function inject(fault: Fault): Answer | Promise<Answer> {
  if (fault === "fails") return { error: failed };
  if (fault === "hangs until the signal aborts") return new Promise<Answer>(() => undefined);
  return { lost: fault === "is lost, not executed" ? "not-executed" : "unknown" };
}

async function work(s: Session, place: Place): Promise<string> {
  await s.query("one");
  await s.transaction((inner) => inner.query("two"), { propagation: "nested" });
  await s.query("three");
  if (place === "rollback") throw boom;
  return "done";
}

describe.each(PLACES)("%s", (place) => {
  test.each(FAULTS)("that %s is told once, leaves nothing behind, and the next session works", async (fault) => {
    const clock = new FakeClock();
    let isDue = true;
    const reached = deferred();
    const answer = (here: string): Answer | Promise<Answer> | undefined => {
      if (here !== place || !isDue) return undefined;
      isDue = false;
      reached.resolve();
      return inject(fault);
    };
    const throwing = async (here: "open" | "hook", error: Error): Promise<void> => {
      if ((await answer(here)) !== undefined) throw error;
    };
    const { db, adapter } = fakeDatabase(
      { setup: [{ text: "setup" }], script: answer, onOpen: () => throwing("open", refused) },
      {
        runtime: { ...shared(), clock },
        pool: { max: 1, openTimeoutMs: 2_000 },
        afterConnection: () => throwing("hook", failed),
      },
    );
    const controller = new AbortController();
    const settled: unknown[] = [];
    const running = db
      .session((s) => work(s, place), { signal: controller.signal })
      .then(
        (value) => settled.push(value),
        (error: unknown) => settled.push(error),
      );
    await reached.promise;
    await settle();
    controller.abort(reason);
    await settle();
    // A rollback without an answer is given up by the clock.
    await clock.advance(5_000);
    await running;
    expect(settled).toEqual([expected(place, fault)]);
    expect(db.stats()).toMatchObject({ busy: 0, waiting: 0 });
    const lateFlights = adapter.flights.length;
    const next = db.session((s) => work(s, "one"));
    // An open without an answer is given up by the clock, too.
    await clock.advance(20_000);
    expect(await next).toBe("done");
    expect(adapter.flights.slice(lateFlights).at(-1)).toMatch(/commit$/);
    expect(adapter.openConnections).toBe(1);
    expect(db.stats()).toMatchObject({ open: 1, idle: 1, busy: 0, waiting: 0, opening: 0 });
    await db.dispose();
    expect(clock.timers).toBe(0);
  });
});
