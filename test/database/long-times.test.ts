// setTimeout() takes 2^31 - 1 ms at most; what is longer, Infinity too, fires at once in every runtime.

import { describe, expect, test } from "vitest";
import { deferred, fakeDatabase } from "../kit/fake-database.ts";

const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));

describe.each([Infinity, 2 ** 31, 2 ** 40])("%d ms is a long time:", (ms) => {
  test("a statement's, a session's and a nested transaction's timeoutMs", async () => {
    const { db } = fakeDatabase({ script: (text) => (text === "slow" ? later().then(() => undefined) : undefined) });
    await db.session(
      async (s) => {
        await s.query("slow", [], { timeoutMs: ms });
        await s.transaction((tx) => tx.query("slow"), { propagation: "nested", timeoutMs: ms });
      },
      { timeoutMs: ms },
    );
    const session = db.open({ timeoutMs: ms });
    await session.query("slow");
    await session.close();
  });

  test("the wait for a connection, and for one to open", async () => {
    const { db } = fakeDatabase(
      { onOpen: later },
      { pool: { max: 1, acquireTimeoutMs: ms, openTimeoutMs: ms, leakMs: ms } },
    );
    const gate = deferred();
    const holder = db.session(async (s) => {
      await s.query("hold");
      await gate.promise;
    });
    const waiter = db.autocommit.query("wait");
    await later();
    await later();
    gate.resolve();
    await Promise.all([holder, waiter]);
  });

  test("the wait of dispose()", async () => {
    const { db, adapter } = fakeDatabase();
    const session = db.open();
    await session.query("one");
    let isDisposed = false;
    const disposed = db.dispose({ timeoutMs: ms }).then(() => (isDisposed = true));
    await later();
    expect(isDisposed).toBe(false);
    await session.close("rollback");
    await disposed;
    expect(adapter.openConnections).toBe(0);
  });
});
