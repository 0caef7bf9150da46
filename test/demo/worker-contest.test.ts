// Promise: in a real isolate, on real PostgreSQL, the client that is kept at module level fails in every run, and isopool in none.

import { afterAll, beforeAll, expect, test } from "vitest";
import { localNeon } from "../../demo/worker/local/databases.ts";
import { type LocalWorker, startLocalWorker } from "../../demo/worker/local/local-worker.ts";
import type { ContestBooks } from "../../demo/worker/report.ts";
import { root } from "../package/package.ts";

const ORDERS = 24;

let worker: LocalWorker;

beforeAll(async () => {
  worker = await startLocalWorker(root, localNeon, { latencyMs: 2 });
});
afterAll(() => worker.stop());

/** The answers' status by customer; 0: none came. */
function play(side: string): Promise<number[]> {
  const order = async (customer: number): Promise<number> => {
    const url = `${worker.url}/api/contest/${side}?declined=6&customer=${customer}`;
    const response = await fetch(url, { method: "POST", signal: AbortSignal.timeout(10_000) });
    await response.text();
    return response.status;
  };
  return Promise.all(Array.from({ length: ORDERS }, (_, at) => order(at + 1).catch(() => 0)));
}

async function booksOf(side: string): Promise<ContestBooks> {
  return (await fetch(`${worker.url}/api/contest/${side}`)).json() as Promise<ContestBooks>;
}

test.each([1, 2, 3])("round %i", async () => {
  expect((await fetch(`${worker.url}/api/contest`, { method: "POST" })).status).toBe(201);
  const [usual, ours] = await Promise.all([play("usual"), play("ours")]);
  // A socket belongs to the request that opened it: the others fail, or hear nothing.
  expect(usual.filter((status) => status === 201).length).toBeLessThan(5);
  expect(usual.filter((status) => status !== 201 && status !== 402).length).toBeGreaterThan(15);

  const good = Array.from({ length: ORDERS }, (_, at) => at + 1).filter((customer) => customer % 6 !== 0);
  expect(ours).toEqual(Array.from({ length: ORDERS }, (_, at) => ((at + 1) % 6 === 0 ? 402 : 201)));
  const { placed, ...rest } = await booksOf("ours");
  expect(rest).toEqual({ madeUpCents: 0, leaked: 0 });
  expect(placed.toSorted(([a], [b]) => a - b)).toEqual(good.map((customer) => [customer, 1]));
});
