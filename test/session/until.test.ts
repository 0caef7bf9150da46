// BEGIN carries when its own transaction is given up: an adapter may end it then. A part's deadline is that of the part alone.

import { expect, test } from "vitest";
import type { Flight, Step } from "../../src/contract/adapter.ts";
import type { Database } from "../../src/index.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

function begins(db: Database): (number | undefined)[] {
  const seen: (number | undefined)[] = [];
  const isBegin = (step: Step): step is Extract<Step, { kind: "begin" }> => step.kind === "begin";
  db.record = ({ steps }: Flight) => void seen.push(...steps.filter(isBegin).map(({ until }) => until));
  return seen;
}

test("a session's deadline is that of its transaction", async () => {
  const { db } = fakeDatabase();
  const seen = begins(db);
  const before = Date.now();
  await db.session((s) => s.query("one"), { timeoutMs: 60_000 });
  await db.session((s) => s.query("one"));
  expect(seen).toEqual([expect.any(Number), undefined]);
  expect(seen[0]! - before).toBeGreaterThanOrEqual(60_000);
});

test("the deadline of a part that comes first is not that of what is around it", async () => {
  const { db } = fakeDatabase();
  const seen = begins(db);
  await db.session(async (s) => {
    await s.transaction((part) => part.query("one"), { propagation: "nested", timeoutMs: 60_000 });
    await s.query("two");
  });
  expect(seen).toEqual([undefined]);
});

test("a transaction of a plain session has its own", async () => {
  const { db } = fakeDatabase();
  const seen = begins(db);
  await db.session((s) => s.transaction((part) => part.query("one"), { timeoutMs: 60_000 }), { transaction: false });
  expect(seen).toEqual([expect.any(Number)]);
});
