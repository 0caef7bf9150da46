// Promise: what a session sets is there for all of it, and for nobody else; and that costs no flight.

import { describe, expect, test } from "vitest";
import { startStage } from "./stage.ts";

const sql = (texts: readonly string[], more = ""): string =>
  `/?do=sql${more}${texts.map((text) => `&q=${encodeURIComponent(text)}`).join("")}`;

const LOOK = "SELECT current_setting('app.who', true)";

describe("what a session leaves behind", () => {
  test.each([
    ["a setting", ["SET app.who = 'me'"], LOOK, "me"],
    ["a setting by a function", ["SELECT set_config('app.who', 'me', false)"], LOOK, "me"],
    ["a temporary table", ["CREATE TEMP TABLE who AS SELECT 'me' AS name"], "SELECT name FROM who", "me"],
    ["a prepared statement", ["PREPARE who AS SELECT 'me'"], "EXECUTE who", "me"],
  ] as const)("%s: is there for its session, and for no other", async (_, leave, look, value) => {
    const { json, stats, quiet } = await startStage({ host: { pool: { max: 2 } } });
    await Promise.all([1, 2].map(() => json("/?do=sleep&ms=50")));
    for (const more of ["&apart", ""]) {
      const told = await json<unknown[]>(sql([...leave, "SELECT 1", look], more));
      expect(told.at(-1)).toEqual([[value]]);
      await quiet();
      const others = await Promise.all([1, 2, 3].map(() => json<unknown[]>(sql([look], "&apart"))));
      for (const [seen] of others) expect(seen).not.toEqual([[value]]);
    }
    // Reset, and not closed.
    expect((await stats()).opened).toBe(2);
  });

  test("what a function sets, as no text shows, is gone for the next session all the same", async () => {
    const { server, json, quiet } = await startStage({ host: { pool: { max: 1 } } });
    await server.query(
      "CREATE FUNCTION hide() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('app.who', 'me', false); RETURN 1; END $$",
    );
    expect(await json(sql(["SELECT hide()", LOOK]))).toEqual([[[1]], [["me"]]]);
    await quiet();
    expect(await json(sql([LOOK], "&apart"))).not.toEqual([[["me"]]]);
  });

  test("sessions that set nothing share a connection between their statements; one that sets something keeps it", async () => {
    const { json, call, stats, quiet } = await startStage({ host: { pool: { max: 1, acquireTimeoutMs: 120_000 } } });
    const sharing = [1, 2, 3].map(() => json(sql(["SELECT 1", "SELECT 2", "SELECT 3"], "&apart&pause=300")));
    expect(await Promise.all(sharing)).toEqual([1, 2, 3].map(() => [[[1]], [[2]], [[3]]]));
    await quiet();
    const keeping = call(sql(["SET app.who = 'me'", "SELECT 1"], "&apart&pause=600000"));
    await expect.poll(async () => (await stats()).busy, { timeout: 120_000 }).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await stats()).toMatchObject({ busy: 1, seats: 1 });
    keeping.reset();
    await quiet();
  });
});

test("the reset rides ahead: ten one-shots are ten flights", async () => {
  const { json, server, quiet } = await startStage({ transport: "ws", host: { pool: { max: 1 } } });
  await json("/?do=one&apart");
  await quiet();
  await server.forgetRequests();
  for (let turn = 0; turn < 10; turn++) await json("/?do=one&apart");
  const requests = (await server.requests()).filter(({ isFlight }) => isFlight);
  expect(requests.map(({ sql: texts }) => texts[0])).toEqual(Array.from({ length: 10 }, () => "DISCARD ALL"));
});
