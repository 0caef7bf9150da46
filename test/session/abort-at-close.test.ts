import { describe, expect, test } from "vitest";
import { isDbError, type Session } from "../../src/index.ts";
import { byNow } from "../kit/fake-database.ts";
import { storingDatabase } from "../kit/storing-database.ts";

const gone = new Error("the client has gone");
const HOPS = 41;

/** What is asked of a session by hand, and whether it keeps what was done. */
const ends: readonly (readonly [string, (session: Session) => Promise<unknown>, boolean])[] = [
  ["commit(last)", (s) => s.commit("last"), true],
  ["close('commit')", (s) => s.close(), true],
  ["close() with an action of its own", (s) => s.close((each) => each.commit()), true],
  ["reconnect()", (s) => s.reconnect(), true],
  ["close('rollback')", (s) => s.close("rollback"), false],
  ["close(null)", (s) => s.close(null), false],
  ["setConnection(null)", (s) => s.setConnection(null), false],
];

describe.each(ends)("%s of a session by hand that is aborted at any microtask", (_what, end, keeps) => {
  test("settles, agrees with what is stored, and leaves nothing lent", async () => {
    const { db, stored } = storingDatabase();
    for (let hops = 0; hops < HOPS; hops++) {
      const controller = new AbortController();
      const session = db.open({ signal: controller.signal });
      await session.query("row");
      void (async () => {
        for (let hop = 0; hop < hops; hop++) await Promise.resolve();
        controller.abort(gone);
      })();
      const [outcome] = await Promise.allSettled([end(session)]);
      expect(await byNow(session.close(null)), `${hops}`).toBeUndefined();
      const isStored = stored.splice(0).includes("row");
      const reason: unknown = outcome.status === "rejected" ? outcome.reason : undefined;
      if (!keeps) expect(isStored, `${hops}`).toBe(false);
      else if (!isDbError(reason, "COMMIT_UNKNOWN")) expect(reason === undefined, `${hops}: ${reason}`).toBe(isStored);
      expect(db.stats().busy, `${hops}`).toBe(0);
    }
  });
});

test("a reconnect() beside a close() does not end what that is about to commit", async () => {
  const { db, stored } = storingDatabase();
  for (const order of ["reconnect first", "close first"]) {
    const session = db.open();
    await session.query(order);
    const asked =
      order === "reconnect first" ? [session.reconnect(), session.close()] : [session.close(), session.reconnect()];
    const results = await Promise.allSettled(asked);
    expect(results[order === "close first" ? 0 : 1], order).toMatchObject({ status: "fulfilled" });
    await session.close();
  }
  expect(stored).toEqual(["reconnect first", "close first"]);
  expect(db.stats().busy).toBe(0);
});
