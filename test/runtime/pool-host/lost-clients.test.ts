// Promise: a client that vanishes takes nothing of the host along: what it had is rolled back, and lent to the next.

import { describe, expect, test } from "vitest";
import { PATIENCE } from "../../servers/patience.ts";
import { DATES, type Stage, startStage } from "./stage.ts";

async function statesOf({ server }: Stage): Promise<string[]> {
  return (await server.open()).backends.map(({ state }) => state);
}

/** Before clients that leave were told of, a handler of withSession() runs to its end; nothing keeps one without it. */
describe.each([[undefined, ""], ...DATES.map((date) => [date, "&bare"] as const)] as const)(
  "at compatibility date %s%s",
  (compatibilityDate, bare) => {
    test("a client that is reset in a transaction is rolled back, and the connection serves the next", async () => {
      const stage = await startStage({ compatibilityDate, host: { pool: { max: 1 } } });
      const { call, json, quiet, stats, server } = stage;
      const leaving = call(`/?do=order&id=1&pause=600000${bare}`);
      await expect.poll(() => statesOf(stage), PATIENCE).toEqual(["idle in transaction"]);
      expect(await stats()).toMatchObject({ seats: 1, busy: 1 });
      leaving.reset();
      await quiet();
      // With withSession() it is told of, and rolls back by itself.
      const abandoned = bare ? 1 : 0;
      expect(await stats()).toMatchObject({ open: 1, idle: 1, opened: 1, abandoned, expired: 0 });
      expect(await server.query("SELECT * FROM orders")).toEqual([]);
      expect(await json("/?do=order&id=2")).toBe(2);
      expect((await stats()).opened).toBe(1);
    });

    test("a client that is reset in line leaves it, and the next is served", async () => {
      const stage = await startStage({ compatibilityDate, host: { pool: { max: 1 } } });
      const { call, json, quiet, stats } = stage;
      const holding = call(`/?do=order&id=1&pause=600000${bare}`);
      await expect.poll(() => statesOf(stage), PATIENCE).toEqual(["idle in transaction"]);
      const waiting = call(`/?do=order&id=2${bare}`);
      await expect.poll(async () => (await stats()).waiting, PATIENCE).toBe(1);
      waiting.reset();
      await expect.poll(async () => (await stats()).waiting, PATIENCE).toBe(0);
      const next = json("/?do=order&id=3");
      await expect.poll(async () => (await stats()).waiting, PATIENCE).toBe(1);
      holding.reset();
      expect(await next).toBe(3);
      await quiet();
      expect((await stats()).opened).toBe(1);
    });

    test("a statement whose client is gone is cancelled after graceMs, and its connection is closed", async () => {
      const stage = await startStage({ compatibilityDate, host: { pool: { max: 1 }, graceMs: 50 } });
      const { call, json, quiet, stats } = stage;
      const leaving = call(`/?do=sleep&ms=600000${bare}`);
      await expect.poll(() => statesOf(stage), PATIENCE).toEqual(["active"]);
      leaving.reset();
      await quiet();
      await expect.poll(async () => (await stats()).open, PATIENCE).toBe(0);
      expect(await json("/?do=order&id=1")).toBe(1);
      expect((await stats()).opened).toBe(2);
    });
  },
);

// With withSession() it is cancelled at once, where the platform tells of clients that leave.
test.each(DATES)("a statement that ends within graceMs keeps its connection: %s", async (compatibilityDate) => {
  const stage = await startStage({ compatibilityDate, host: { pool: { max: 1 }, graceMs: 600_000 } });
  const { call, json, quiet, stats } = stage;
  const leaving = call("/?do=sleep&ms=4000&bare");
  await expect.poll(() => statesOf(stage), PATIENCE).toEqual(["active"]);
  leaving.reset();
  await expect.poll(async () => (await stats()).abandoned, PATIENCE).toBe(1);
  await quiet();
  expect(await json("/?do=order&id=1")).toBe(1);
  expect(await stats()).toMatchObject({ opened: 1 });
});
