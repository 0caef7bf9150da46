// Requests of handlers as written and fused, counted at the libSQL test server: a ratchet.

import { expect, test } from "vitest";
import { isDbError } from "../../src/index.ts";
import { openShop } from "../adapters/libsql/shop.ts";
import { small } from "./small.ts";
import { fused, load, ours } from "./run.ts";

/** What each takes, as written and fused. */
test.each(Object.entries(small))("%s", async (_name, { text, plain, fused: wanted }) => {
  const seen: unknown[] = [];
  for (const [code, given] of [
    [text, undefined],
    [fused(text), ours.abi],
  ] as const) {
    const { db, sent, names } = await openShop();
    await db.batch(["INSERT INTO goods VALUES (1, 'tea'), (2, 'salt')"]);
    await sent();
    const main = load(code, given, {});
    const outcome = await main(
      db,
      () => undefined,
      async () => undefined,
    ).catch((error: unknown) => (isDbError(error) ? error.code : String(error)));
    const requests = (await sent()).length;
    seen.push([outcome, await names(), requests]);
  }
  const [[outcome, names, before], [outcomeFused, namesFused, after]] = seen as [unknown[], unknown[]];
  expect([outcomeFused, namesFused]).toEqual([outcome, names]);
  expect([before, after]).toEqual([plain, wanted]);
});

test("all of them together save more than half of the requests, and none takes more", () => {
  const all = Object.values(small);
  const sum = (pick: (each: (typeof all)[number]) => number): number =>
    all.reduce((total, each) => total + pick(each), 0);
  expect(all.filter((each) => each.fused > each.plain)).toEqual([]);
  expect(1 - sum((each) => each.fused) / sum((each) => each.plain)).toBeGreaterThan(0.5);
  // One long loop weighs more than all others.
  const loop = small["a hundred rows"]!;
  const others = (sum((each) => each.fused) - loop.fused) / (sum((each) => each.plain) - loop.plain);
  expect(1 - others).toBeGreaterThan(0.44);
});
