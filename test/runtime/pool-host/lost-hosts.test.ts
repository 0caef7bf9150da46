// Promise: when the object, its sockets or the Worker are gone, each session is told what became of it, and the next one works.

import { describe, expect, test } from "vitest";
import { PATIENCE } from "../../servers/patience.ts";
import { DATES, type Stage, startStage } from "./stage.ts";

async function statesOf({ server }: Stage): Promise<string[]> {
  return (await server.open()).backends.map(({ state }) => state);
}

describe.each(DATES)("at compatibility date %s", (compatibilityDate) => {
  test("an object that is reset: its transactions are rolled back and told so, and the next request has a new one", async () => {
    const stage = await startStage({ compatibilityDate, log: /^([^]*reset by the test[^]*)?$/ });
    const { get, json, raw, server } = stage;
    const open = get("/?do=order&id=1&pause=until-go");
    await expect.poll(() => statesOf(stage), PATIENCE).toEqual(["idle in transaction"]);
    await raw("die").catch(() => undefined);
    await json("/go");
    expect(JSON.parse((await open).body)).toMatchObject({
      code: "CONNECTION_LOST",
      outcome: "not-executed",
      details: { adapter: "hosted" },
    });
    await expect.poll(() => statesOf(stage), PATIENCE).toEqual([]);
    expect(await json("/?do=order&id=2")).toBe(2);
    const rows = await server.query("SELECT id FROM orders WHERE part = 2");
    expect(rows).toEqual([{ id: "2" }]);
  });

  test("of a statement without a transaction, and of a COMMIT, nobody knows", async () => {
    const stage = await startStage({ compatibilityDate, log: /^([^]*reset by the test[^]*)?$/ });
    const { get, raw, server } = stage;
    const bare = get("/?do=sleep&apart&ms=600000");
    await expect.poll(() => statesOf(stage), PATIENCE).toEqual(["active"]);
    await raw("die").catch(() => undefined);
    expect(JSON.parse((await bare).body)).toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
    // PostgreSQL looks for its client when it has something to say.
    await server.killBackends();
    await server.query(`CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(600); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()`);
    const committing = get("/?do=order&id=1");
    await expect
      .poll(async () => (await server.open()).backends.map(({ query }) => query), PATIENCE)
      .toEqual(["COMMIT"]);
    await raw("die").catch(() => undefined);
    expect(JSON.parse((await committing).body)).toMatchObject({ code: "COMMIT_UNKNOWN", outcome: "unknown" });
    await server.killBackends();
  });

  test("sockets that died while they were idle are replaced, and nobody is told", async () => {
    const stage = await startStage({ compatibilityDate, host: { pool: { max: 3 } } });
    const { json, server, stats, quiet } = stage;
    for (const how of ["cut", "close", "terminate"] as const) {
      await Promise.all([1, 2, 3].map(() => json("/?do=sleep&ms=30")));
      await quiet();
      await server.kill({ which: "idle", how });
      expect(await Promise.all([1, 2, 3].map((id) => json(`/?do=one&id=${id}`)))).toEqual(
        [1, 2, 3].map((id) => [{ name: `item ${id}` }]),
      );
    }
    expect((await stats()).open).toBeLessThanOrEqual(3);
  });

  test("a socket that dies in a transaction takes it along, and its session is told", async () => {
    const stage = await startStage({ compatibilityDate });
    const { get, json, server } = stage;
    const open = get("/?do=order&id=1&pause=until-go");
    await expect.poll(() => statesOf(stage), PATIENCE).toEqual(["idle in transaction"]);
    await server.kill({ which: "transaction" });
    await json("/go");
    expect(JSON.parse((await open).body)).toMatchObject({ code: "CONNECTION_LOST", outcome: "not-executed" });
    expect(await json("/?do=order&id=2")).toBe(2);
  });
});

test("a Worker that is killed: what its sessions had open is rolled back, and lent to the next", async () => {
  const stage = await startStage({ isSplit: true, host: { pool: { max: 1 }, leaseMs: 600_000 } });
  const { call, json, worker, quiet, restart, stats, server } = stage;
  const open = call("/?do=order&id=1&pause=600000");
  await expect.poll(() => statesOf(stage), PATIENCE).toEqual(["idle in transaction"]);
  worker.signal("SIGKILL");
  expect(await open.answer).toBe(undefined);
  await quiet();
  await restart();
  expect(await json("/?do=order&id=2")).toBe(2);
  expect(await stats()).toMatchObject({ opened: 1, abandoned: 1, expired: 0 });
  expect(await server.query("SELECT id FROM orders WHERE part = 2")).toEqual([{ id: "2" }]);
});

test("a Worker that stands still: its sessions are rolled back after leaseMs, and are told so when it goes on", async () => {
  const stage = await startStage({ isSplit: true, host: { pool: { max: 1 }, leaseMs: 400 } });
  const { get, json, worker, stats, server } = stage;
  const open = get("/?do=order&id=1&pause=until-go");
  await expect.poll(() => statesOf(stage), PATIENCE).toEqual(["idle in transaction"]);
  worker.signal("SIGSTOP");
  await expect.poll(async () => (await stats()).expired, PATIENCE).toBe(1);
  await expect.poll(() => statesOf(stage), PATIENCE).toEqual(["idle"]);
  worker.signal("SIGCONT");
  await json("/go");
  const { status, body } = await open;
  expect([status, JSON.parse(body)]).toMatchObject([
    500,
    { code: "CONNECTION_LOST", outcome: "not-executed", message: expect.stringContaining("400 ms") },
  ]);
  expect(await server.query("SELECT * FROM orders")).toEqual([]);
});
