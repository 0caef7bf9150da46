// FOUND: an abort in the microtasks behind the answer to COMMIT rejected as if it were rolled back.

import { describe, expect, test } from "vitest";
import { isDbError, type Session } from "../../src/index.ts";
import { storingDatabase } from "../kit/storing-database.ts";
import { memoryDatabase } from "../pydal/sql-js.ts";

const gone = new Error("the client has gone");
const HOPS = 41;

async function hop(count: number): Promise<void> {
  for (let at = 0; at < count; at++) await Promise.resolve();
}

/** Resolved: it is there. Rejected: it is not. `COMMIT_UNKNOWN`: it may be. */
function agrees(outcome: PromiseSettledResult<unknown>, isStored: boolean): boolean {
  if (outcome.status === "fulfilled") return isStored;
  return isDbError(outcome.reason, "COMMIT_UNKNOWN") || !isStored;
}

function expectTrue(outcome: PromiseSettledResult<unknown>, stored: readonly string[], hops: number): void {
  const isTrue = agrees(outcome, stored.includes("row"));
  expect(isTrue, `${hops}: ${outcome.status === "rejected" && outcome.reason}, stored ${stored.length}`).toBe(true);
}

const works: readonly (readonly [string, (session: Session) => Promise<unknown>])[] = [
  ["one statement", (s) => s.query("row")],
  ["commit(last)", (s) => s.commit("row")],
  ["a part that joins", (s) => s.transaction((tx) => tx.query("row"))],
  ["a nested part", (s) => s.transaction((tx) => tx.query("row"), { propagation: "nested" })],
  ["close()", (s) => s.query("row").then(() => s.close())],
];

describe.each(works)("an abort at any microtask of a session of %s", (_what, work) => {
  test.each(["its beginning", "the answer to COMMIT"])("agrees with what is stored, counted from %s", async (from) => {
    let onCommit: (() => void) | undefined;
    const { db, stored } = storingDatabase({}, { onEvent: ({ type }) => type === "commit" && onCommit?.() });
    for (let hops = 0; hops < HOPS; hops++) {
      const controller = new AbortController();
      const abort = (): void => void hop(hops).then(() => controller.abort(gone));
      if (from === "its beginning") abort();
      else onCommit = abort;
      const [outcome] = await Promise.allSettled([db.session((s) => work(s), { signal: controller.signal })]);
      expectTrue(outcome, stored.splice(0), hops);
    }
  });
});

test.each([
  ["commit()", async (s: Session) => void (await s.commit())],
  ["close('commit')", (s: Session) => s.close("commit")],
])("the same for %s of a session by hand", async (_how, settle) => {
  const { db, stored } = storingDatabase();
  for (let hops = 0; hops < HOPS; hops++) {
    const controller = new AbortController();
    const session = db.open({ signal: controller.signal });
    await session.query("row");
    void hop(hops).then(() => controller.abort(gone));
    const [outcome] = await Promise.allSettled([settle(session)]);
    await session.close(null);
    expectTrue(outcome, stored.splice(0), hops);
  }
});

test("the same for a transaction in a plain session, whose part is aborted", async () => {
  const { db, stored } = storingDatabase();
  await db.session(
    async (s) => {
      for (let hops = 0; hops < HOPS; hops++) {
        const controller = new AbortController();
        void hop(hops).then(() => controller.abort(gone));
        const part = s.transaction((tx) => tx.query("row"), { signal: controller.signal });
        const [outcome] = await Promise.allSettled([part]);
        expectTrue(outcome, stored.splice(0), hops);
      }
    },
    { transaction: false },
  );
});

test("a work that hangs behind its commit() or close() is ended by its signal, and not as if it were rolled back", async () => {
  for (const settle of [(s: Session) => s.commit(), (s: Session) => s.close()]) {
    const { db, stored } = storingDatabase();
    const controller = new AbortController();
    const work = db.session(
      async (s) => {
        await s.query("row");
        await settle(s);
        setImmediate(() => controller.abort(gone));
        await new Promise(() => undefined);
      },
      { signal: controller.signal },
    );
    await expect(work).rejects.toMatchObject({ code: "COMMIT_UNKNOWN", cause: gone });
    expect(stored).toEqual(["row"]);
  }
});

test("what is begun after a commit() is rolled back: the reason is the signal's own", async () => {
  const { db, stored } = storingDatabase();
  const controller = new AbortController();
  const work = db.session(
    async (s) => {
      await s.commit("first");
      await s.query("second");
      controller.abort(gone);
    },
    { signal: controller.signal },
  );
  await expect(work).rejects.toBe(gone);
  expect(stored).toEqual(["first"]);
});

test("on the real sql.js, where all settles in microtasks", async () => {
  const db = await memoryDatabase();
  await db.autocommit.query("create table t (hops)");
  for (let hops = 0; hops < HOPS; hops++) {
    const controller = new AbortController();
    const work = db.session((s) => s.sql`insert into t values (${hops})`, { signal: controller.signal });
    void hop(hops).then(() => controller.abort(gone));
    const [outcome] = await Promise.allSettled([work]);
    const isStored = (await db.autocommit.sql`select 1 from t where hops = ${hops}`).length > 0;
    expect(agrees(outcome, isStored), `${hops}`).toBe(true);
  }
});

test.each(works)(
  "an abort at any microtask behind a COMMIT whose answer was lost, of a session of %s",
  async (_what, work) => {
    let onLoss: (() => void) | undefined;
    const { db, stored } = storingDatabase(
      { script: (text) => (text === "commit" ? { lost: "unknown" } : undefined) },
      { onEvent: (event) => event.type === "flight" && !event.isOk && onLoss?.() },
    );
    for (let hops = 0; hops < HOPS; hops++) {
      const controller = new AbortController();
      onLoss = (): void => void hop(hops).then(() => controller.abort(gone));
      const [outcome] = await Promise.allSettled([db.session((s) => work(s), { signal: controller.signal })]);
      expectTrue(outcome, stored.splice(0), hops);
    }
  },
);
