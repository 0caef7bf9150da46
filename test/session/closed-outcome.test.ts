// FOUND: SESSION_CLOSED said "not-executed" of a statement that was executed.

import { expect, test } from "vitest";
import { deferred } from "../kit/fake-database.ts";
import { settle } from "../kit/fake-clock.ts";
import { storingDatabase } from "../kit/storing-database.ts";

const boom = new Error("boom");

test.each([true, false])(
  "what flies when the work throws has an unknown outcome, what waits behind it has none (transaction: %s)",
  async (transaction) => {
    const gate = deferred();
    const { db, adapter, stored } = storingDatabase({
      script: async (text) => void (text === "flies" && (await gate.promise)),
    });
    const asked: Promise<unknown>[] = [];
    const work = db.session(
      async (s) => {
        asked.push(s.query("flies"));
        await settle();
        asked.push(s.query("waits"), s.batch(["waits", "waits"]), s.sql`waits`.run());
        for (const each of asked) each.catch(() => undefined);
        throw boom;
      },
      { transaction },
    );
    work.catch(() => undefined);
    const [flies, ...waits] = await Promise.allSettled(asked);
    expect(flies).toMatchObject({ reason: { code: "SESSION_CLOSED", outcome: "unknown", cause: boom } });
    for (const each of waits)
      expect(each).toMatchObject({ reason: { code: "SESSION_CLOSED", outcome: "not-executed", cause: boom } });
    gate.resolve();
    await expect(work).rejects.toBe(boom);
    expect(stored).toEqual(transaction ? [] : ["flies"]);
    expect(adapter.flights.join()).not.toContain("waits");
  },
);

test("one that is asked when the session has ended was not executed", async () => {
  const { db } = storingDatabase();
  const kept = await db.session((s) => s);
  await expect(kept.query("late")).rejects.toMatchObject({ code: "SESSION_CLOSED", outcome: "not-executed" });
});
