// Promise: the demo's Worker runs on D1 and in a Durable Object by its URL, and its books are right.

import { request } from "node:http";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { IsolateReport, Order, ProductList, SalesReport } from "../../demo/worker/report.ts";
import { PATIENCE } from "../servers/patience.ts";
import { bundleWorker } from "../runtime/bundle.ts";
import { type RunningMiniflare, startMiniflare } from "../runtime/miniflare.ts";

let worker: RunningMiniflare;

async function get<T>(path: string): Promise<T> {
  const response = await fetch(worker.url + path);
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

function post(body: unknown): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return fetch(`${worker.url}/api/orders`, { method: "POST", body: JSON.stringify(body), headers });
}

async function stock(id: number): Promise<number | undefined> {
  return (await get<ProductList>(`/api/products?limit=1&after=${id - 1}`)).products[0]?.stock;
}

describe.each(["d1:DB", "do:shop"])("on %s", (DATABASE_URL) => {
  beforeAll(async () => {
    const { code: script } = await bundleWorker(join(import.meta.dirname, "cloudflare-worker.ts"));
    const compatibilityFlags = ["nodejs_als", "enable_request_signal"];
    worker = await startMiniflare({
      script,
      databases: ["DB"],
      durableObjects: { SHOP: "ShopObject" },
      compatibilityFlags,
      bindings: { DATABASE_URL },
    });
    const seeded = await fetch(`${worker.url}/seed`);
    expect(seeded.status, await seeded.text()).toBe(200);
  });

  afterAll(() => worker.stop());

  afterEach(async () => {
    const { pool, requests } = await get<IsolateReport>("/api/stats");
    expect({ busy: pool.busy, waiting: pool.waiting, active: requests.active }).toEqual({
      busy: 0,
      waiting: 0,
      active: 0,
    });
  });

  test("products come a page at a time, and a search finds what was written", async () => {
    const { products, next } = await get<ProductList>("/api/products?limit=3");
    expect([products.map(({ id }) => id), next]).toEqual([[1, 2, 3], 3]);
    const found = await get<ProductList>("/api/products?search=SEALING");
    expect(found.products.map(({ name }) => name)).toEqual(["Sealing-wax kit, classic", "Sealing-wax kit, festive"]);
  });

  test("an order is placed, and can be read", async () => {
    const before = await stock(9);
    const lines = [
      { productId: 9, quantity: 2 },
      { productId: 5, quantity: 1 },
    ];
    const response = await post({ customerId: 7, lines });
    expect(response.status).toBe(201);
    const { id, totalCents } = (await response.json()) as { id: number; totalCents: number };
    const order = await get<Order>(`/api/orders/${id}`);
    expect(order.lines.map(({ quantity }) => quantity)).toEqual([2, 1]);
    expect([order.totalCents, order.status]).toEqual([totalCents, "paid"]);
    expect(await stock(9)).toBe(before! - 2);
  });

  test("what is out of stock is a 409, what is not there a 404, and nothing is taken", async () => {
    const { products } = await get<ProductList>("/api/products?limit=100");
    const full = products.find((each) => each.stock > 5)!;
    const low = products.find((each) => each.stock < 90 && each.id !== full.id)!;
    const { orders } = await get<SalesReport>("/api/report");
    const order = (customerId: number, productId: number): Promise<Response> =>
      post({
        customerId,
        lines: [
          { productId: full.id, quantity: 2 },
          { productId, quantity: 99 },
        ],
      });
    const [short, noProduct, noCustomer] = [
      await order(1, low.id),
      await order(1, 99_999),
      await order(99_999, low.id),
    ];
    expect([short, noProduct, noCustomer].map(({ status }) => status)).toEqual([409, 404, 404]);
    expect(await short.json()).toEqual({ error: `99 of “${low.name}” were ordered, but only ${low.stock} are left.` });
    expect(await stock(full.id)).toBe(full.stock);
    expect((await get<SalesReport>("/api/report")).orders).toBe(orders);
  });

  test("of many orders of one product at once, those that were placed are on the books, and the others may try again", async () => {
    const { products } = await get<ProductList>("/api/products?limit=100");
    const product = products.find((each) => each.stock > 20)!;
    const { orders } = await get<SalesReport>("/api/report");
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => post({ customerId: 3, lines: [{ productId: product.id, quantity: 1 }] })),
    );
    const statuses = answers.map(({ status }) => status);
    const placed = statuses.filter((status) => status === 201).length;
    expect(
      statuses.filter((status) => status !== 201 && status !== 503),
      worker.log(),
    ).toEqual([]);
    expect(placed).toBeGreaterThan(0);
    expect(await stock(product.id)).toBe(product.stock - placed);
    expect((await get<SalesReport>("/api/report")).orders).toBe(orders + placed);
  });

  test("what a client leaves in the middle is done as a whole or not at all", async () => {
    const before = await stock(11);
    const { sessions } = await get<IsolateReport>("/api/stats");
    const { orders } = await get<SalesReport>("/api/report");
    const body = JSON.stringify({ customerId: 1, lines: [{ productId: 11, quantity: 1 }], pauseMs: 3_000 });
    const order = request(`${worker.url}/api/orders`, {
      method: "POST",
      headers: { "content-type": "application/json", "content-length": body.length },
    });
    const isGone = new Promise((resolve) => order.on("error", resolve));
    order.end(body);
    // An object handles nothing else while a transaction is open, and is not told that its client has left.
    const isInObject = DATABASE_URL.startsWith("do:");
    if (!isInObject)
      await expect.poll(async () => (await get<IsolateReport>("/api/stats")).requests.active, PATIENCE).toBe(1);
    else await new Promise((resolve) => order.once("finish", resolve));
    order.socket?.resetAndDestroy();
    await isGone;
    const aborted = async (): Promise<number> =>
      (await get<IsolateReport>("/api/stats")).sessions.aborted - sessions.aborted;
    if (!isInObject) await expect.poll(aborted, PATIENCE).toBe(1);
    await expect.poll(async () => (await get<IsolateReport>("/api/stats")).requests.active, PATIENCE).toBe(0);
    const done = async (): Promise<number> => (await get<SalesReport>("/api/report")).orders - orders;
    await expect.poll(async () => before! - (await stock(11))! - (await done()), PATIENCE).toBe(0);
    if (!isInObject) expect(await done()).toBe(0);
  });

  test.runIf(DATABASE_URL.startsWith("do:"))("an object that was started anew has the same shop", async () => {
    const { orders } = await get<SalesReport>("/api/report");
    expect((await fetch(`${worker.url}/abort`)).status).toBe(500);
    expect((await get<SalesReport>("/api/report")).orders).toBe(orders);
    expect((await post({ customerId: 3, lines: [{ productId: 9, quantity: 1 }] })).status).toBe(201);
    expect((await get<SalesReport>("/api/report")).orders).toBe(orders + 1);
  });
});
