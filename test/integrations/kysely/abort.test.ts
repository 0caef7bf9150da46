// Signals, which came with Kysely 0.29.

import { setTimeout as sleep } from "node:timers/promises";
import { isAbortedTransactionError, Kysely, sql } from "kysely-0.29";
import { expect, test, vi } from "vitest";
import type { IsopoolDialect as Dialect } from "../../../src/integrations/kysely/index.ts";
import { openShop, rests, runs } from "../../adapters/neon/shop.ts";
import { deferred, fakeDatabase } from "../../kit/fake-database.ts";

vi.mock("kysely", async () => import("kysely-0.29"));

const { IsopoolDialect } = await import("../../../src/integrations/kysely/index.ts");
const gone = new Error("gone");

function on(db: ConstructorParameters<typeof Dialect>[0]): Kysely<unknown> {
  return new Kysely<unknown>({ dialect: new IsopoolDialect(db) as never });
}

const run = (kysely: Kysely<unknown>, text: string, options: object): Promise<unknown> =>
  kysely.executeQuery(sql.raw(text).compile(kysely), options);

test("an aborted query rejects with the signal's own reason, and runs on; its connection comes back when it is done", async () => {
  const gate = deferred();
  const { db, adapter } = fakeDatabase({
    script: (text) => (text === "slow" ? gate.promise.then(() => undefined) : undefined),
  });
  const controller = new AbortController();
  const running = run(on(db), "slow", { signal: controller.signal });
  while (adapter.flights.length === 0) await sleep(1);
  controller.abort(gone);
  await expect(running).rejects.toBe(gone);
  expect(db.stats().busy).toBe(1);
  gate.resolve();
  await expect.poll(() => db.stats().busy).toBe(0);
  expect(adapter.log).toEqual(["open 1", "1: slow"]);
});

test("a signal that was aborted before sends nothing", async () => {
  const { db, adapter } = fakeDatabase();
  await expect(run(on(db), "one", { signal: AbortSignal.abort(gone) })).rejects.toBe(gone);
  expect(adapter.log).toEqual([]);
});

test.each(["cancel query", "kill session"])("`%s` ends it at PostgreSQL", async (inflightQueryAbortStrategy) => {
  const { db, server } = await openShop({ neon: { transport: "ws" } });
  const failures = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const controller = new AbortController();
  const running = run(on(db), "select pg_sleep(600)", { signal: controller.signal, inflightQueryAbortStrategy });
  await runs(server, "select pg_sleep(600)");
  controller.abort(gone);
  await expect(running).rejects.toBe(gone);
  await rests(server);
  await expect.poll(() => db.stats().busy).toBe(0);
  expect(failures).toHaveBeenCalledWith(expect.stringContaining("`query` failed in the background"));
  failures.mockRestore();
});

test("in a transaction, one that was cancelled is lost: nothing runs on in it", async () => {
  const never = new Promise<never>(() => undefined);
  const { db, adapter } = fakeDatabase({ script: (text) => (text === "slow" ? never : undefined) });
  const failures = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const controller = new AbortController();
  const work = on(db)
    .transaction()
    .execute(async (trx) => {
      await sql.raw("one").execute(trx);
      const slow = run(trx, "slow", { signal: controller.signal, inflightQueryAbortStrategy: "cancel query" });
      while (adapter.flights.length < 2) await sleep(1);
      controller.abort(gone);
      await expect(slow).rejects.toBe(gone);
      await sql.raw("two").execute(trx);
    });
  await expect(work).rejects.toMatchObject({ code: "TRANSACTION_LOST" });
  expect(adapter.log).toEqual(["open 1", "1: begin | one", "1: slow", "close 1"]);
  failures.mockRestore();
});

test("what a failed commit has ended is an aborted transaction to Kysely, which rolls back nothing", async () => {
  const { db } = await openShop({ neon: { transport: "ws" } });
  const k = on(db);
  const trx = await k.startTransaction().execute();
  await sql`select 1 / 0`.execute(trx).catch(() => undefined);
  const error = await trx
    .commit()
    .execute()
    .catch((reason: unknown) => reason);
  expect(isAbortedTransactionError(error)).toBe(true);
  expect(trx.isRolledBack).toBe(true);
  expect(db.stats().busy).toBe(0);
});
