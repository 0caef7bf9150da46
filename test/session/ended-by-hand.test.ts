// FOUND: a session by hand that its deadline or signal had ended reported success for what was rolled back.

import { describe, expect, test } from "vitest";
import { type Session, type SessionOptions, shared } from "../../src/index.ts";
import { FakeClock, settle } from "../kit/fake-clock.ts";
import { deferred } from "../kit/fake-database.ts";
import { storingDatabase } from "../kit/storing-database.ts";

const gone = new Error("the client has gone");

interface Ended {
  readonly session: Session;
  readonly stored: readonly string[];
  /** What ended it. */
  readonly cause: unknown;
  /** Ends it, by the deadline or the signal that it was begun with. */
  readonly end: () => Promise<void>;
}

function opened(how: "deadline" | "signal", options: SessionOptions = {}): Ended {
  const clock = new FakeClock();
  const controller = new AbortController();
  const { db, stored } = storingDatabase({}, { runtime: { ...shared(), clock } });
  const session = db.open({
    ...options,
    ...(how === "deadline" ? { timeoutMs: 30 } : { signal: controller.signal }),
  });
  const end = async (): Promise<void> => {
    if (how === "signal") controller.abort(gone);
    await clock.advance(30);
  };
  return { session, stored, end, cause: how === "signal" ? gone : expect.objectContaining({ code: "QUERY_TIMEOUT" }) };
}

describe.each(["deadline", "signal"] as const)("a session by hand that its %s has ended", (how) => {
  test("rejects close(), commit() and all that is asked, and names what ended it", async () => {
    const { session, stored, end, cause } = opened(how);
    await session.query("one");
    await end();
    const closed = { code: "SESSION_CLOSED", cause };
    await expect(session.close("commit")).rejects.toMatchObject(closed);
    await expect(session.close()).rejects.toMatchObject(closed);
    await expect(session.commit()).rejects.toMatchObject(closed);
    await expect(session.commit("two")).rejects.toMatchObject(closed);
    await expect(session.rollback()).rejects.toMatchObject(closed);
    await expect(session.transaction((tx) => tx.query("two"))).rejects.toMatchObject(closed);
    await expect(session.query("two")).rejects.toMatchObject(closed);
    await expect(session.getConnection()).rejects.toMatchObject(closed);
    await expect(session.setConnection(null)).rejects.toMatchObject(closed);
    expect(stored).toEqual([]);
  });

  test("lets go without an error by close('rollback'), close(null) and `await using`: that is what happened", async () => {
    const { session, end } = opened(how);
    await session.query("one");
    await end();
    await session.close("rollback");
    await session.close(null);
    await session[Symbol.asyncDispose]();
  });

  test.each([true, false])(
    "rejects the transaction inside it, also where that returns (transaction: %s)",
    async (transaction) => {
      const { session, stored, end } = opened(how, { transaction });
      const gate = deferred();
      const part = session.transaction(async (tx) => {
        await tx.query("one");
        await gate.promise;
        return "done";
      });
      part.catch(() => undefined);
      await settle();
      await end();
      gate.resolve();
      await expect(part).rejects.toMatchObject({ code: "SESSION_CLOSED" });
      await expect(session.close("commit")).rejects.toMatchObject({ code: "SESSION_CLOSED" });
      expect(stored).toEqual([]);
    },
  );

  test("rejects a close() that has begun and waits for a part", async () => {
    const { session, stored, end } = opened(how);
    const gate = deferred();
    const part = session.transaction(
      async (tx) => {
        await tx.query("one");
        await gate.promise;
      },
      { propagation: "nested" },
    );
    part.catch(() => undefined);
    await settle();
    const closing = session.close("commit");
    closing.catch(() => undefined);
    await settle();
    await end();
    gate.resolve();
    await expect(closing).rejects.toBeDefined();
    await expect(part).rejects.toBeDefined();
    expect(stored).toEqual([]);
  });
});

test("in a session that failed, a part that nobody awaits yet is not reported as done", async () => {
  const { db, stored } = storingDatabase();
  const gate = deferred();
  let part: Promise<string> | undefined;
  const work = db.session(
    async (s) => {
      part = s.transaction(async (tx) => {
        await tx.query("one");
        await gate.promise;
        return "done";
      });
      part.catch(() => undefined);
      await settle();
      throw gone;
    },
    { transaction: false },
  );
  await expect(work).rejects.toBe(gone);
  gate.resolve();
  await expect(part).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  expect(stored).toEqual([]);
});

test.each(["deadline", "signal"] as const)(
  "a close(action) that never settles is not waited for longer than its %s",
  async (how) => {
    const { session, stored, end, cause } = opened(how);
    await session.query("one");
    const closing = session.close(() => new Promise(() => undefined));
    closing.catch(() => undefined);
    await settle();
    await end();
    await expect(closing).rejects.toMatchObject({ code: "SESSION_CLOSED", cause });
    expect(stored).toEqual([]);
  },
);
