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
