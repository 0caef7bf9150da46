// Promise: where a part of a plain session has failed, the transaction inside it is rolled back, whatever its session does meanwhile; and
// what the session itself does is not in its way.

import { expect, test } from "vitest";
import type { Session } from "../../src/index.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

interface Left {
  /** The transaction that is still under way in a part that has failed: what it comes to. */
  readonly within: Promise<unknown>;
  /** Lets its work return. */
  readonly done: () => void;
  readonly called: string[];
}

/** Begins a transaction in a part of a plain session, and lets the part fail. */
async function leave(session: Session): Promise<Left> {
  const called: string[] = [];
  let within!: Promise<unknown>;
  let [done, answered] = [(): void => undefined, (): void => undefined];
  const working = new Promise<void>((resolve) => (done = resolve));
  const isAnswered = new Promise<void>((resolve) => (answered = resolve));
  const begun = async (inner: Session): Promise<void> => {
    inner.onCommit(() => called.push("commit"));
    inner.onRollback(() => called.push("rollback"));
    await inner.query("insert");
    answered();
    await working;
  };
  const failed = session.transaction(
    async (part) => {
      within = part.transaction(begun, { propagation: "requires-new" });
      within.catch(() => undefined);
      await isAnswered;
      throw new Error("the part fails");
    },
    { propagation: "supports" },
  );
  await expect(failed).rejects.toThrow("the part fails");
  return { within, done, called };
}

test.each<[string, (session: Session) => Promise<unknown>, string[]]>([
  ["commit()", (session) => session.commit(), ["1: rollback"]],
  ["commit() with a last statement", (session) => session.commit("last"), ["1: rollback | last"]],
  ["rollback()", (session) => session.rollback(), ["1: rollback"]],
  ["close()", (session) => session.close(), ["1: rollback"]],
  ["reconnect()", (session) => session.reconnect(), ["1: rollback"]],
  ["setConnection()", (session) => session.setConnection(null), ["1: rollback"]],
  ["a statement", (session) => session.query("own"), ["1: rollback | own"]],
  [
    "a transaction",
    (session) => session.transaction((inner) => inner.query("next")),
    ["1: rollback", "1: begin | next", "1: commit"],
  ],
])("%s waits for it", async (_name, act, flights) => {
  const { db, adapter, events } = fakeDatabase();
  let called: string[] = [];
  await db.session(
    async (session) => {
      const left = await leave(session);
      ({ called } = left);
      let isDone = false;
      const acted = act(session).then(() => (isDone = true));
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(isDone).toBe(false);
      left.done();
      await acted;
      await expect(left.within).rejects.toMatchObject({ code: "SESSION_CLOSED", outcome: "not-executed" });
    },
    { transaction: false },
  );
  expect(adapter.flights).toEqual(["1: begin | insert", ...flights]);
  expect(called).toEqual(["rollback"]);
  const told = events.map(({ type }) => type).filter((type) => /^(begin|commit|rollback)$/.test(type));
  expect(told.slice(0, 2)).toEqual(["begin", "rollback"]);
  expect(told.slice(2)).toEqual(flights.length > 1 ? ["begin", "commit"] : []);
});
