import { expect, test } from "vitest";
import { fakeDatabase } from "../kit/fake-database.ts";

const words = [
  "BEGIN",
  "begin immediate",
  "  commit;",
  "-- why\nROLLBACK",
  "/* a */ /* b */ end",
  ";;abort",
  "savepoint x",
  "release x",
  "start transaction",
  "PREPARE TRANSACTION 'x'",
];

test.each(words)("%j is refused before anything is opened, with the method to use", async (text) => {
  const { db, adapter } = fakeDatabase();
  const failure = await db.session((s) => s.query(text)).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "TRANSACTION_STATEMENT", details: { sql: text }, outcome: "not-executed" });
  expect((failure as Error).message).toMatch(
    /session\.(commit|rollback|transaction)|transaction\(work\)|not supported/,
  );
  expect(adapter.log).toEqual([]);
});

const innocent = [
  "select 'begin'",
  "-- begin\nselect 1",
  "/* ( */ ( /* begin */ select 1)",
  "beginning",
  "start_transaction",
  "with x as (select 1) select * from x",
];

test.each(innocent)("%j is sent", async (text) => {
  const { db, adapter } = fakeDatabase();
  await db.autocommit.query(text);
  expect(adapter.flights).toEqual([`1: ${text}`]);
});

test("a hostile text does not take exponential time", async () => {
  const { db } = fakeDatabase();
  const text = `${" ".repeat(50_000)}${"/**/".repeat(5_000)}(`;
  const startedAt = performance.now();
  await db.autocommit.query(text);
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});
