// Promise: all sessions share an exact number of connections, first come, first served, and nobody waits beyond the deadline.

import { expect, test } from "vitest";
import { PATIENCE } from "../../servers/patience.ts";
import { startStage } from "./stage.ts";

test("150 requests at once are 150 requests served, on 5 connections", async () => {
  const { json, server, stats } = await startStage({ host: { pool: { max: 5, acquireTimeoutMs: 60_000 } } });
  const ids = Array.from({ length: 150 }, (_, id) => id);
  expect(await Promise.all(ids.map((id) => json(`/?do=order&id=${id}`)))).toEqual(ids);
  expect((await server.counts()).peakTunnels).toBe(5);
  expect(await stats()).toMatchObject({ opened: 5, open: 5, max: 5 });
  const [{ n }] = (await server.query("SELECT count(*) AS n FROM orders")) as [{ n: string }];
  expect(n).toBe("300");
});

test("at max 1, sessions are served in the order in which they came", async () => {
  const { call, json, stats, server } = await startStage({ host: { pool: { max: 1, acquireTimeoutMs: 600_000 } } });
  const holding = call("/?do=order&id=0&pause=600000");
  await expect.poll(async () => (await stats()).busy, PATIENCE).toBe(1);
  const others: Promise<unknown>[] = [];
  for (let id = 1; id <= 8; id++) {
    others.push(json(`/?do=lone&apart&id=${id}`));
    await expect.poll(async () => (await stats()).waiting, PATIENCE).toBe(id);
  }
  holding.reset();
  await Promise.all(others);
  const order = await server.query("SELECT id FROM orders WHERE part = 1 ORDER BY xmin::text::bigint");
  expect(order.map((row) => Number(row["id"]))).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test("who waits for too long is told for how long", async () => {
  const { call, get, stats, json } = await startStage({ host: { pool: { max: 1, acquireTimeoutMs: 300 } } });
  // Once it is open, whoever comes first has it at once, however slow the machine is.
  await expect.poll(async () => (await get("/?do=one&apart")).status, PATIENCE).toBe(200);
  const holding = call("/?do=order&id=1&pause=600000");
  await expect.poll(async () => (await stats()).busy, PATIENCE).toBe(1);
  const late = JSON.parse((await get("/?do=order&id=2&bare")).body) as { details: { waitedMs: number } };
  expect(late).toMatchObject({ code: "POOL_TIMEOUT", retryable: true, details: { max: 1, busy: 1 } });
  expect(late.details.waitedMs).toBeGreaterThanOrEqual(300);
  holding.reset();
  await expect.poll(async () => (await stats()).busy, PATIENCE).toBe(0);
  expect(await json("/?do=order&id=4")).toBe(4);
});

test("who finds the line full is told so at once, fields and all", async () => {
  const { call, get, stats } = await startStage({
    host: { pool: { max: 1, acquireTimeoutMs: 600_000, maxWaiting: 1 } },
  });
  const holding = call("/?do=order&id=1&pause=600000");
  await expect.poll(async () => (await stats()).busy, PATIENCE).toBe(1);
  const waiting = get("/?do=order&id=2&bare");
  await expect.poll(async () => (await stats()).waiting, PATIENCE).toBe(1);
  const full = await get("/?do=order&id=3&bare");
  expect([full.status, JSON.parse(full.body)]).toMatchObject([
    500,
    { code: "POOL_FULL", retryable: true, outcome: "not-executed", details: { maxWaiting: 1, max: 1, waiting: 1 } },
  ]);
  holding.reset();
  expect((await waiting).status).toBe(200);
});

test("a session's own deadline ends its wait and its statement, at the host too", async () => {
  const stage = await startStage({ host: { pool: { max: 1, acquireTimeoutMs: 600_000 } } });
  const { call, get, stats, json, quiet } = stage;
  const holding = call("/?do=order&id=1&pause=600000");
  await expect.poll(async () => (await stats()).busy, PATIENCE).toBe(1);
  const late = await get("/?do=order&id=2&timeout=200");
  expect(JSON.parse(late.body)).toMatchObject({ code: "QUERY_TIMEOUT", outcome: "not-executed" });
  await expect.poll(async () => (await stats()).waiting, PATIENCE).toBe(0);
  holding.reset();
  await quiet();
  const slow = await get("/?do=sleep&ms=600000&timeout=300");
  expect(JSON.parse(slow.body)).toMatchObject({ code: "QUERY_TIMEOUT" });
  await quiet();
  expect(await json("/?do=order&id=3")).toBe(3);
});

test("with shards, each has a bound and a line of its own", async () => {
  const { json, server, stats } = await startStage({ shards: 3, host: { pool: { max: 2, acquireTimeoutMs: 60_000 } } });
  await Promise.all(Array.from({ length: 60 }, (_, id) => json(`/?do=order&id=${id}`)));
  expect(await stats()).toMatchObject({ max: 6, open: 6, busy: 0 });
  expect((await server.counts()).peakTunnels).toBe(6);
});

test("idle connections are closed by the host's own timer", async () => {
  const { json, server, stats } = await startStage({ host: { pool: { max: 3, idleMs: 200 } } });
  await Promise.all([1, 2, 3].map(() => json("/?do=sleep&ms=50")));
  await expect.poll(async () => (await server.open()).tunnels, PATIENCE).toEqual([]);
  expect((await stats()).open).toBe(0);
  expect(await json("/?do=order&id=1")).toBe(1);
});
