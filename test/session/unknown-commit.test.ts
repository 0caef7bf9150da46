// FOUND: onRollback callbacks ran after a commit of which nobody knows whether it was done.

import { expect, test } from "vitest";
import { settle } from "../kit/fake-clock.ts";
import { storingDatabase } from "../kit/storing-database.ts";

const nested = { propagation: "nested" } as const;
const unknown = { code: "COMMIT_UNKNOWN", outcome: "unknown", retryable: false };

test("neither kind of callback runs when the answer to COMMIT was lost", async () => {
  const { db, stored } = storingDatabase({ script: (text) => (text === "commit" ? { lost: "unknown" } : undefined) });
  const told: string[] = [];
  const work = db.session(async (s) => {
    s.onCommit(() => told.push("committed"));
    s.onRollback(() => told.push("rolled back"));
    await s.transaction(async (tx) => {
      tx.onCommit(() => told.push("part committed"));
      tx.onRollback(() => told.push("part rolled back"));
      await tx.query("row");
    }, nested);
  });
  await expect(work).rejects.toMatchObject(unknown);
  expect(told).toEqual([]);
  expect(stored).toEqual(["row"]);
});

test("nor when it was given up in flight; but those of a part that was taken back before do", async () => {
  const { db } = storingDatabase({ script: (text) => (text === "commit" ? new Promise(() => undefined) : undefined) });
  const controller = new AbortController();
  const told: string[] = [];
  const work = db.session(
    async (s) => {
      s.onCommit(() => told.push("committed"));
      s.onRollback(() => told.push("rolled back"));
      const part = s.transaction((tx) => {
        tx.onRollback(() => told.push("part rolled back"));
        throw new Error("boom");
      }, nested);
      await part.catch(() => undefined);
      await s.query("row");
      setImmediate(() => controller.abort());
    },
    { signal: controller.signal },
  );
  await expect(work).rejects.toMatchObject(unknown);
  expect(told).toEqual(["part rolled back"]);
});

test("a COMMIT that is known not to have been executed is a rollback to the callbacks", async () => {
  const { db, stored } = storingDatabase({
    script: (text) => (text === "commit" ? { lost: "not-executed" } : undefined),
  });
  const told: string[] = [];
  const work = db.session(async (s) => {
    s.onCommit(() => told.push("committed"));
    s.onRollback(() => told.push("rolled back"));
    await s.query("row");
  });
  await expect(work).rejects.toMatchObject({ code: "CONNECTION_LOST", outcome: "not-executed" });
  expect(told).toEqual(["rolled back"]);
  expect(stored).toEqual([]);
});

test("commit() by hand whose answer was lost calls nobody back, and what comes after it counts for itself", async () => {
  let commits = 0;
  const { db, stored } = storingDatabase({
    script: (text) => (text === "commit" && ++commits === 1 ? { lost: "unknown" } : undefined),
  });
  const told: string[] = [];
  const session = db.open();
  session.onCommit(() => told.push("first committed"));
  session.onRollback(() => told.push("first rolled back"));
  await session.query("first");
  await expect(session.commit()).rejects.toMatchObject(unknown);
  await session.rollback();
  session.onCommit(() => told.push("second committed"));
  await session.query("second");
  await session.close();
  await settle();
  expect(told).toEqual(["second committed"]);
  expect(stored).toEqual(["first", "second"]);
});

test("what was done since the last COMMIT is rolled back to its callbacks, though the session says COMMIT_UNKNOWN", async () => {
  const { db, stored } = storingDatabase({
    script: (text) => (text === "late" ? new Promise(() => undefined) : undefined),
  });
  const controller = new AbortController();
  const told: string[] = [];
  const work = db.session(
    async (s) => {
      s.onCommit(() => told.push("first committed"));
      await s.query("row");
      await s.commit();
      const part = s.transaction(async (tx) => {
        tx.onCommit(() => told.push("part committed"));
        tx.onRollback(() => told.push("part rolled back"));
        setImmediate(() => controller.abort());
        await tx.query("late");
      }, nested);
      await expect(part).rejects.toBe(controller.signal.reason);
    },
    { signal: controller.signal },
  );
  await expect(work).rejects.toMatchObject(unknown);
  expect(told).toEqual(["first committed", "part rolled back"]);
  expect(stored).toEqual(["row"]);
});

test("a part that waits for a COMMIT inside it, as the session is given up, says that its end is unknown", async () => {
  const { db } = storingDatabase({ script: (text) => (text === "commit" ? new Promise(() => undefined) : undefined) });
  const controller = new AbortController();
  let told: unknown;
  const work = db.session(
    async (s) => {
      const part = s.transaction(
        async (plain) => {
          void plain.transaction((tx) => tx.query("row")).catch(() => undefined);
          setImmediate(() => controller.abort());
        },
        { propagation: "supports" },
      );
      await part.catch((error: unknown) => (told = error));
    },
    { transaction: false, signal: controller.signal },
  );
  await expect(work).rejects.toMatchObject(unknown);
  await settle();
  expect(told).toMatchObject({ code: "SESSION_CLOSED", outcome: "unknown" });
});

test("a lost answer to commit() that the work swallows is what the session ends with: all of it may be stored", async () => {
  for (const rest of [undefined, "late"]) {
    const { db, stored } = storingDatabase({ script: (text) => (text === "commit" ? { lost: "unknown" } : undefined) });
    const work = db.session(
      async (s) => {
        await s.query("row");
        await s.commit("last").catch(() => undefined);
        if (rest) await s.query(rest).catch(() => undefined);
      },
      { retry: 2 },
    );
    await expect(work).rejects.toMatchObject(unknown);
    expect(stored).toEqual(["row", "last"]);
  }
});
