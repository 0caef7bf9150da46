// Promise: the Worker's view shows a real isolate at work.

import type { Locator } from "@playwright/test";
import { expect, expectAccessible, overflowOf, test, type Visitor } from "./page-test.ts";

/** What is shown of the pool by its name: a number, and what it means. */
function shown({ page }: Visitor, name: string): Locator {
  const entry = page.locator("page-isolate .stats div").filter({ hasText: new RegExp(`^\\s*${name}`) });
  return entry.locator("dd");
}

async function pool(visitor: Visitor, name: string): Promise<number> {
  return Number((await shown(visitor, name).first().innerText()).replaceAll(",", ""));
}

async function send(visitor: Visitor, title: string): Promise<string> {
  const { page } = visitor;
  await page.getByRole("button", { name: title, exact: true }).click();
  const outcome = page.locator("page-isolate .outcome");
  await expect(outcome).toHaveText(/\S/);
  await expect(outcome).not.toHaveText("Running…", { timeout: 120_000 });
  return outcome.innerText();
}

async function choose({ page }: Visitor, database: string): Promise<void> {
  await page.getByRole("group", { name: "Database" }).getByRole("button", { name: database }).click();
}

test.beforeEach(async ({ visitor, page }) => {
  await visitor.open("Worker");
  await expect(page.getByRole("heading", { name: "The isolate's pool" })).toBeVisible();
  await expect(page.getByRole("region", { name: "Products" })).toBeVisible();
});

// One isolate for all of them: what its pool has done is known only while nobody else uses it.
test.describe.configure({ mode: "serial" });

test("one request is one flight", async ({ visitor }) => {
  expect(await send(visitor, "Send 1 request")).toMatch(/^1 request in 1 flight: all were answered/);
});

test("a hundred at once wait for the streams that are there, and no more are opened", async ({ visitor, shoot }) => {
  expect(await send(visitor, "Send 20 at once")).toMatch(/^20 requests in 20 flights: all were answered/);
  const text = await send(visitor, "Send 100 at once");
  expect(text).toMatch(/^100 requests in 100 flights: all were answered/);
  const [, waited] = /(\d+) waited/.exec(text) ?? [];
  expect(Number(waited)).toBeGreaterThan(0);
  // A page that is closed in mid-request costs a stream: how many were opened so far is for other tests to decide.
  await expect(shown(visitor, "Streams opened").last()).toHaveText(/; [1-5] open now, at most 5$/);
  expect(await pool(visitor, "Reused")).toBeGreaterThanOrEqual(115);
  expect(await pool(visitor, "Flights per request")).toBe(1);
  const rows = visitor.page.getByRole("region", { name: "The last requests, newest first" }).getByRole("row");
  await expect(rows).toHaveCount(101);
  await shoot("worker-hundred");
});

test("what fails in the middle is rolled back, and the client is told why", async ({ visitor, complaints }) => {
  const before = await pool(visitor, "Rolled back");
  const text = await send(visitor, "Send one that fails");
  expect(text).toMatch(
    /^409: 99 of “.+” were ordered, but only \d+ are left\. “.+”: (\d+) in stock before, \1 after\.$/,
  );
  expect(await pool(visitor, "Rolled back")).toBe(before + 1);
  expect(complaints.every((complaint) => complaint.includes("409"))).toBe(true);
  complaints.length = 0;
});

test("what a client leaves behind is rolled back", async ({ visitor, complaints }) => {
  const before = await pool(visitor, "Rolled back");
  const text = await send(visitor, "Send one and leave");
  expect(text).toMatch(/The isolate noticed, and rolled back\. “.+”: (\d+) in stock before, \1 after\.$/);
  expect(await pool(visitor, "Rolled back")).toBe(before + 1);
  await expect(visitor.page.getByRole("cell", { name: "left" }).first()).toBeVisible();
  expect(complaints.every((complaint) => /request failed.*orders/.test(complaint))).toBe(true);
  complaints.length = 0;
});

test("the shop is searched, sold from and reported on", async ({ page, visitor, shoot }) => {
  const products = page.getByRole("region", { name: "Products" });
  await page.getByLabel("Search").fill("sealing");
  await expect(products.getByRole("row")).toHaveCount(3);
  await page.getByLabel("Search").fill("100%");
  await expect(page.getByText("No such products.")).toBeVisible();
  await page.getByLabel("Search").fill("");
  await page.getByLabel("Category").selectOption("Inks");
  await expect(products.getByRole("row")).toHaveCount(13);
  await expect(products.getByRole("row").nth(12)).toContainText("Inks");
  await page.getByRole("button", { name: "Sales report" }).click();
  await expect(page.getByRole("region", { name: "Sales by category" }).getByRole("row")).toHaveCount(9);
  const row = products.getByRole("row").nth(1);
  const stock = Number(await row.getByRole("cell").nth(3).innerText());
  const committed = await pool(visitor, "Committed");
  await row.getByRole("button", { name: /^Order one/ }).click();
  await expect(page.locator("shop-card .summary")).toHaveText(/^Order [\d,]+: “.+”, €[\d.]+\.$/);
  await expect(row.getByRole("cell").nth(3)).toHaveText(String(stock - 1));
  expect(await pool(visitor, "Committed")).toBe(committed + 1);
  await shoot("worker-shop");
});

test("a keyboard is enough", async ({ page }) => {
  await page.getByRole("button", { name: "Send 1 request" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.locator("page-isolate .outcome")).toHaveText(/^1 request in 1 flight/);
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Send 20 at once" })).toBeFocused();
});

test.describe("on PostgreSQL", () => {
  test.beforeEach(async ({ page, visitor }) => {
    await choose(visitor, "PostgreSQL (Neon)");
    await expect(page.getByText("Sockets opened")).toBeVisible();
    await expect(page.getByRole("region", { name: "Products" })).toBeVisible();
  });

  test("a hundred at once are a flight each, and open no socket", async ({ visitor, shoot }) => {
    expect(await send(visitor, "Send 1 request")).toMatch(
      /^1 request in 1 flight: all were answered.+ 0 sockets opened/,
    );
    const before = await pool(visitor, "Sockets opened");
    const text = await send(visitor, "Send 100 at once");
    expect(text).toMatch(/^100 requests in 100 flights: all were answered.+ 0 sockets opened/);
    expect(await pool(visitor, "Sockets opened")).toBe(before);
    expect(await pool(visitor, "Over HTTP only")).toBeGreaterThanOrEqual(101);
    expect(await pool(visitor, "Flights per request")).toBe(1);
    await shoot("worker-neon");
  });

  test("what fails in the middle is rolled back, and the client is told why", async ({ visitor, complaints }) => {
    const before = await pool(visitor, "Rolled back");
    const text = await send(visitor, "Send one that fails");
    expect(text).toMatch(
      /^409: 99 of “.+” were ordered, but only \d+ are left\. “.+”: (\d+) in stock before, \1 after\.$/,
    );
    expect(await pool(visitor, "Rolled back")).toBe(before + 1);
    expect(complaints.every((complaint) => complaint.includes("409"))).toBe(true);
    complaints.length = 0;
  });

  test("what a client leaves behind is rolled back", async ({ visitor, complaints }) => {
    const text = await send(visitor, "Send one and leave");
    expect(text).toMatch(/The isolate noticed, and rolled back\. “.+”: (\d+) in stock before, \1 after\.$/);
    expect(complaints.every((complaint) => /request failed.*neon\/api\/orders/.test(complaint))).toBe(true);
    complaints.length = 0;
  });

  test("the shop is searched, sold from and reported on", async ({ page, visitor }) => {
    const products = page.getByRole("region", { name: "Products" });
    await page.getByLabel("Search").fill("SEALING");
    await expect(products.getByRole("row")).toHaveCount(3);
    await page.getByLabel("Search").fill("");
    await page.getByLabel("Category").selectOption("Inks");
    await expect(products.getByRole("row")).toHaveCount(13);
    await page.getByRole("button", { name: "Sales report" }).click();
    await expect(page.getByRole("region", { name: "Sales by category" }).getByRole("row")).toHaveCount(9);
    const row = products.getByRole("row").nth(1);
    const stock = Number(await row.getByRole("cell").nth(3).innerText());
    const opened = await pool(visitor, "Sockets opened");
    await row.getByRole("button", { name: /^Order one/ }).click();
    await expect(page.locator("shop-card .summary")).toHaveText(/^Order [\d,]+: “.+”, €[\d.]+\.$/);
    await expect(row.getByRole("cell").nth(3)).toHaveText(String(stock - 1));
    expect(await pool(visitor, "Sockets opened")).toBe(opened + 1);
  });
});

test("through a pool host, a hundred at once share its five connections, and the page shows them", async ({
  page,
  visitor,
}) => {
  await choose(visitor, "Pool host");
  await expect(page.getByRole("heading", { name: "The pool host, shared by all isolates" })).toBeVisible();
  // The first hundred find no connection yet, and each that is opened costs flights of its own.
  expect(await send(visitor, "Send 100 at once")).toMatch(/^100 requests in \d+ flights: all were answered/);
  expect(await pool(visitor, "Connections opened")).toBeLessThanOrEqual(5);
  expect(await send(visitor, "Send 100 at once")).toMatch(/^100 requests in 100 flights: all were answered/);
  expect(await pool(visitor, "Flights per request")).toBe(1);
});

test("each database has an isolate and a shop of its own, and a keyboard is enough to turn to it", async ({ page }) => {
  const cell = page.getByRole("region", { name: "Products" }).getByRole("row").nth(4).getByRole("cell").nth(3);
  const stock = await cell.innerText();
  const neon = page.getByRole("button", { name: "PostgreSQL (Neon)", exact: true });
  await neon.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByText("Sockets opened")).toBeVisible();
  await expect(neon).toHaveAttribute("aria-pressed", "true");
  await expect(neon).toBeFocused();
  await page.getByRole("region", { name: "Products" }).getByRole("button").nth(3).press("Enter");
  await expect(cell).toHaveText(String(Number(stock) - 1));
  await neon.press("Shift+Tab");
  await page.keyboard.press("Space");
  await expect(page.getByText("Streams opened")).toBeVisible();
  await expect(cell).toHaveText(stock);
});

test("a database that did not start is told, and the other one works", async ({ page, visitor, complaints }) => {
  await page.route("**/neon/api/**", (route) =>
    route.fulfill({ status: 503, json: { error: "The Worker does not run on PostgreSQL here: no binaries" } }),
  );
  await choose(visitor, "PostgreSQL (Neon)");
  await expect(page.getByRole("alert")).toHaveText("The Worker does not run on PostgreSQL here: no binaries");
  await expect(page.getByRole("button", { name: "PostgreSQL (Neon)", exact: true })).toBeFocused();
  await choose(visitor, "libSQL");
  await expect(page.getByText("Streams opened")).toBeVisible();
  expect(complaints.every((complaint) => complaint.includes("503"))).toBe(true);
  complaints.length = 0;
});

test("sessions of the page and requests of the Worker, on libSQL and PostgreSQL, are lanes of one timeline", async ({
  page,
  visitor,
  shoot,
}) => {
  await visitor.goTo("Sessions");
  await page.getByRole("button", { name: "Clear" }).click();
  await page.getByRole("slider", { name: "Sessions at once" }).fill("4");
  await page.getByRole("button", { name: "Here and in a Worker at once" }).click();
  await expect(page.locator("page-sessions .outcome")).toHaveText(
    "In this page 4 sessions. In a Worker: on libSQL 4 requests, on PostgreSQL 4 requests.",
  );
  const lanes = page.locator("page-sessions .lane");
  for (const place of ["Worker, libSQL", "Worker, PostgreSQL"])
    await expect(lanes.filter({ hasText: place })).toHaveCount(4);
  await expect(lanes.filter({ hasNotText: "Worker" })).toHaveCount(4);
  await shoot("one-timeline");
  // The same lanes, seen from the Worker.
  await visitor.goTo("Worker");
  const seen = page.locator("page-isolate .lane");
  await expect(seen.filter({ hasText: "Worker, PostgreSQL" }).first()).toBeVisible();
  await expect(seen.filter({ hasNotText: "Worker" }).first()).toBeAttached();
});

test("the contest of Why is played in the isolate: a client at module level fails there, isopool does not", async ({
  page,
  visitor,
  shoot,
}) => {
  await visitor.goTo("Why");
  await page.getByRole("button", { name: "Place the orders in a Worker" }).click();
  const [usual, ours] = ["usual", "ours"].map((side) => page.locator(`#side-worker-${side}`)) as [Locator, Locator];
  await expect(ours.locator(".outcome")).toHaveText("The books are right: everybody was told the truth.", {
    timeout: 120_000,
  });
  await expect(ours.locator(".stats > div").first()).toContainText(/Sold\s*20\s*of 20 good orders/);
  await expect(usual.locator(".outcome")).toHaveText("Good orders were refused.");
  const sold = await usual.locator(".stats > div").first().locator("dd").first().innerText();
  expect(Number(sold)).toBeLessThan(5);
  await expect(page.getByText(/recorded/)).toHaveCount(0);
  await page.getByRole("heading", { name: "And in a Worker, on PostgreSQL" }).scrollIntoViewIfNeeded();
  await shoot("why-worker");
  await expectAccessible(page);
});

for (const database of ["libSQL", "PostgreSQL (Neon)", "Pool host"])
  test(`the view is whole on ${database}, on a desk and a phone, in light and dark`, async ({
    page,
    visitor,
    shoot,
  }) => {
    await choose(visitor, database);
    await send(visitor, "Send 20 at once");
    await page.getByRole("button", { name: "Sales report" }).click();
    await expect(page.getByRole("region", { name: "Sales by category" })).toBeVisible();
    for (const [device, viewport] of Object.entries({
      desk: { width: 1280, height: 860 },
      phone: { width: 390, height: 844 },
    })) {
      await page.setViewportSize(viewport);
      expect(await overflowOf(page), device).toBe(0);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        await shoot(`worker-${device}-${colorScheme}-${database.slice(0, 4).toLowerCase()}`);
        if (device === "desk" || colorScheme === "dark") await expectAccessible(page);
      }
    }
  });
