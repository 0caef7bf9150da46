// Promise: the demo's Worker, in a real workerd, answers as an API should on each of its databases, and a request that fails
// leaves nothing behind.

import { request } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type LocalWorker, startLocalWorker } from "../../demo/worker/local/local-worker.ts";
import type { IsolateReport, Order, ProductList, SalesReport } from "../../demo/worker/report.ts";
import { root } from "../package/package.ts";
import { databases, type Watched } from "./worker-databases.ts";

const ORIGIN = "https://shop.example.com";

let worker: LocalWorker;
let database: Watched;

async function get<T>(path: string): Promise<T> {
  const response = await fetch(worker.url + path);
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

function post(
  body: unknown,
  headers: Record<string, string> = { "content-type": "application/json" },
): Promise<Response> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return fetch(`${worker.url}/api/orders`, { method: "POST", body: text, headers });
}

function line(productId: number, quantity = 1): { productId: number; quantity: number } {
  return { productId, quantity };
}

async function stock(id: number): Promise<number | undefined> {
  const { products } = await get<ProductList>(`/api/products?limit=1&after=${id - 1}`);
  return products[0]?.stock;
}

describe.each(Object.entries(databases))("on %s", (_, { start, watch, orderFlights, mostOpened }) => {
  beforeAll(async () => {
    worker = await startLocalWorker(root, start, { latencyMs: 0, bindings: { ALLOWED_ORIGIN: ORIGIN } });
    database = watch(worker.server);
  });
  afterAll(() => worker.stop());

  afterEach(async () => {
    const { pool, requests } = await get<IsolateReport>("/api/stats");
    expect({ busy: pool.busy, waiting: pool.waiting, active: requests.active }).toEqual({
      busy: 0,
      waiting: 0,
      active: 0,
    });
    expect(await database.transactions(), "transactions left at the server").toBe(0);
    expect(await database.leftovers()).toEqual([]);
  });

  test("products come a page at a time, each page in one request to the database", async () => {
    let list: ProductList = { products: [], next: 0 };
    const flights = await database.flightsOf(async () => {
      list = await get<ProductList>("/api/products?limit=3");
    });
    expect(flights).toBe(1);
    expect(list.products.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(list.next).toBe(3);
    const next = await get<ProductList>("/api/products?limit=3&after=3");
    expect(next.products.map(({ id }) => id)).toEqual([4, 5, 6]);
    expect((await get<ProductList>("/api/products?limit=100&after=60")).next).toBe(null);
  });

  test("a search finds what was written, and no pattern", async () => {
    const { products } = await get<ProductList>("/api/products?search=SEALING");
    expect(products.map(({ name }) => name)).toEqual(["Sealing-wax kit, classic", "Sealing-wax kit, festive"]);
    for (const search of ["%25", "_", "%5C", "'; drop table products --"])
      expect((await get<ProductList>(`/api/products?search=${search}`)).products).toEqual([]);
    const { categories } = await get<{ categories: string[] }>("/api/categories");
    expect(categories).toContain("Inks");
    const inks = await get<ProductList>("/api/products?category=Inks&limit=100");
    expect(new Set(inks.products.map(({ category }) => category))).toEqual(new Set(["Inks"]));
  });

  test("an order is placed in two round trips behind what connects, and can be read", async () => {
    const before = await stock(9);
    let response!: Response;
    expect(
      await database.flightsOf(async () => (response = await post({ customerId: 7, lines: [line(9, 2), line(5)] }))),
    ).toBe(orderFlights);
    expect(response.status).toBe(201);
    const { id, totalCents } = (await response.json()) as { id: number; totalCents: number };
    expect(response.headers.get("location")).toBe(`/api/orders/${id}`);
    const order = await get<Order>(`/api/orders/${id}`);
    expect(order.lines.map(({ quantity }) => quantity)).toEqual([2, 1]);
    expect(order.totalCents).toBe(totalCents);
    expect(order.status).toBe("paid");
    expect(await stock(9)).toBe(before! - 2);
  });

  test("what is out of stock is a 409, and what was taken before it is back on the shelf", async () => {
    const { products } = await get<ProductList>("/api/products?limit=100");
    const full = products.find((each) => each.stock > 5)!;
    const low = products.find((each) => each.stock < 90 && each.id !== full.id)!;
    const { orders } = await get<SalesReport>("/api/report");
    const response = await post({ customerId: 1, lines: [line(full.id, 2), line(low.id, 99)] });
    expect(response.status).toBe(409);
    expect(await response.json()).toEqual({
      error: `99 of “${low.name}” were ordered, but only ${low.stock} are left.`,
    });
    expect(await stock(full.id)).toBe(full.stock);
    expect((await get<SalesReport>("/api/report")).orders).toBe(orders);
  });

  test("what a client leaves in the middle is rolled back at once", async () => {
    const before = await stock(11);
    const { sessions } = await get<IsolateReport>("/api/stats");
    const body = JSON.stringify({ customerId: 1, lines: [line(11)], pauseMs: 3_000 });
    const order = request(`${worker.url}/api/orders`, {
      method: "POST",
      headers: { "content-type": "application/json", "content-length": body.length },
    });
    const isGone = new Promise((resolve) => order.on("error", resolve));
    order.end(body);
    await expect.poll(() => database.transactions()).toBe(1);
    order.socket?.resetAndDestroy();
    await isGone;
    await expect
      .poll(async () => (await get<IsolateReport>("/api/stats")).sessions)
      .toMatchObject({ aborted: sessions.aborted + 1, committed: sessions.committed });
    expect(await stock(11)).toBe(before);
  });

  test.each([
    ["a customer that is not there", { customerId: 99_999, lines: [line(1)] }, "There is no customer 99999."],
    ["a product that is not there", { customerId: 1, lines: [line(99_999)] }, "There is no product 99999."],
  ])("%s is a 404", async (_, body, error) => {
    const response = await post(body);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ error });
  });

  test("what cannot be understood is refused field by field, and nothing is sent for it", async () => {
    let response!: Response;
    const body = { customerId: "1", lines: [{ productId: 1.5, quantity: 0 }], pauseMs: 99_999 };
    expect(await database.flightsOf(async () => (response = await post(body)))).toBe(0);
    expect(response.status).toBe(400);
    const { fields } = (await response.json()) as { fields: Record<string, string> };
    expect(Object.keys(fields)).toEqual(["customerId", "lines[0].productId", "lines[0].quantity", "pauseMs"]);
  });

  test.each([
    ["no JSON", "{", {}, 400],
    ["no object", "[]", {}, 400],
    ["no lines", JSON.stringify({ customerId: 1, lines: [] }), {}, 400],
    ["a product twice", JSON.stringify({ customerId: 1, lines: [line(1), line(1)] }), {}, 400],
    ["another type", "customerId=1", { "content-type": "application/x-www-form-urlencoded" }, 415],
    ["too much", JSON.stringify({ text: "x".repeat(20_000) }), {}, 413],
  ])("a body with %s is refused", async (_, body, headers, status) => {
    expect((await post(body, { "content-type": "application/json", ...headers })).status).toBe(status);
  });

  test.each([
    ["/api/products?limit=0", 400],
    ["/api/products?limit=abc", 400],
    ["/api/products?after=-1", 400],
    [`/api/products?search=${"x".repeat(101)}`, 400],
    ["/api/orders/0", 404],
    ["/api/orders/x", 404],
    ["/api/nothing", 404],
  ])("GET %s is a %d", async (path, status) => {
    const response = await fetch(worker.url + path);
    expect(response.status).toBe(status);
    expect(await response.json()).toHaveProperty("error");
  });

  test("a method that a path does not take is a 405 that names those it takes", async () => {
    const response = await fetch(`${worker.url}/api/orders`, { method: "DELETE" });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST, OPTIONS"]);
  });

  test("a report of two queries is one request to the database", async () => {
    let report!: SalesReport;
    expect(await database.flightsOf(async () => (report = await get<SalesReport>("/api/report")))).toBe(1);
    expect(report.categories).toHaveLength(8);
    expect(report.revenueCents).toBe(report.categories.reduce((sum, { revenueCents }) => sum + revenueCents, 0));
  });

  test("only the origin that is allowed may read an answer, and every answer is locked down", async () => {
    const ask = (origin: string, init: RequestInit = {}): Promise<Response> =>
      fetch(`${worker.url}/api/orders`, { ...init, headers: { origin } });
    const preflight = await ask(ORIGIN, { method: "OPTIONS" });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe(ORIGIN);
    expect(preflight.headers.get("access-control-allow-methods")).toBe("POST, OPTIONS");
    expect(preflight.headers.get("access-control-allow-headers")).toBe("content-type");
    for (const response of [preflight, await ask(ORIGIN), await ask("https://elsewhere.example")]) {
      expect(response.headers.get("vary")).toMatch(/origin/i);
      expect(response.headers.get("cache-control")).toBe("no-store");
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
      expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    }
    const elsewhere = await ask("https://elsewhere.example");
    expect(elsewhere.headers.get("access-control-allow-origin")).toBe(null);
  });

  test("a database that fails is told as ours, without its words", async () => {
    await database.failCategories();
    const response = await fetch(`${worker.url}/api/categories`);
    await database.mend();
    expect(response.status).toBeGreaterThanOrEqual(500);
    expect(await response.text()).not.toContain("secret");
  });

  test("a hundred at once open no more than is shared, one round trip to the database each", async () => {
    let before = 0;
    const flights = await database.flightsOf(async () => {
      before = await database.opened();
      const all = await Promise.all(Array.from({ length: 100 }, () => fetch(`${worker.url}/api/categories`)));
      expect(all.every(({ status }) => status === 200)).toBe(true);
      await Promise.all(all.map((response) => response.text()));
    });
    expect(flights).toBe(100);
    expect((await database.opened()) - before).toBeLessThanOrEqual(mostOpened);
  });

  test("a Worker that is bundled anew, twice at once, goes on with the same database", async () => {
    const { url } = worker;
    const { orders } = await get<SalesReport>("/api/report");
    await Promise.all([worker.reload(), worker.reload()]);
    await database.forget();
    expect(worker.url).not.toBe(url);
    await expect(fetch(url)).rejects.toThrow();
    expect((await get<SalesReport>("/api/report")).orders).toBe(orders);
  });
});
