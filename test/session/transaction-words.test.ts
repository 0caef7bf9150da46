import { expect, test } from "vitest";
import { processorMs } from "../kit/processor-time.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

const NESTED = 'transaction(work, { propagation: "nested" })';
const words = [
  ["BEGIN", "transaction(work)"],
  ["begin immediate", "transaction(work)"],
  ["  commit;", "commit()"],
  ["-- why\nROLLBACK", "rollback()"],
  ["/* a */ /* b */ end", "commit()"],
  [";;abort", "rollback()"],
  ["savepoint x", NESTED],
  ["release x", NESTED],
  ["start transaction", "transaction(work)"],
  ["PREPARE TRANSACTION 'x'", "commit()"],
] as const;

test.each(words)("%j is refused before anything is opened, with the method to use", async (text, method) => {
  const { db, adapter } = fakeDatabase();
  const failure = await db.session((s) => s.query(text)).catch((error: unknown) => error);
  const remedy = `use session.${method}`;
  expect(failure).toMatchObject({ code: "TRANSACTION_STATEMENT", details: { sql: text, remedy } });
  expect(failure).toMatchObject({
    outcome: "not-executed",
    message: expect.stringContaining(`sent as SQL: ${remedy}`),
  });
  const word = /[a-z]+(?= |;|$)/i.exec(text.replaceAll(/^-- why\n|\/\* . \*\/ ?/g, ""))![0].toUpperCase();
  expect((failure as Error).message).toContain(`\`${word}\``);
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
  const startedAt = processorMs();
  await db.autocommit.query(text);
  expect(processorMs() - startedAt).toBeLessThan(1_000);
});
