// Promise: two transactions that take turns each find their own session; without the plugin they find none, and are refused.

import type { Page } from "@playwright/test";
import { expect, test } from "./page-test.ts";

test.beforeEach(({ visitor }) => visitor.open("Context"));

async function run(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Run both builds" }).click();
  await expect(page.getByRole("button", { name: "Run both builds" })).toBeEnabled();
}

/** The table's cells, by place. */
async function seen(page: Page, title: string): Promise<string[][]> {
  const rows = page.getByRole("region", { name: title }).locator("tbody tr");
  return rows.evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent.trim())));
}

test("with the plugin, A sees A and B sees B at every place, and both commit", async ({ page }) => {
  await run(page);
  const card = page.getByRole("region", { name: "With the plugin" });
  await expect(card.locator(".verdict")).toHaveText(
    "16 of 16 places saw their own session. Both committed: 2 rows kept.",
  );
  expect((await seen(page, "With the plugin")).map((cells) => cells.slice(1))).toEqual(
    Array.from({ length: 8 }, () => ["A", "B"]),
  );
  // They took turns: it is no proof when one comes after the other.
  const order = await card
    .locator(".order rect")
    .evaluateAll((all) => all.map((rect) => rect.getAttribute("data-seen")));
  expect(order.slice(0, 8).filter((name) => name === "B").length).toBeGreaterThan(1);
});

test("without it they lose their session, never see the other's, and are refused", async ({ page }) => {
  await run(page);
  await expect(page.getByRole("region", { name: "Without it" }).locator(".verdict")).toHaveText(
    "2 of 14 places saw their own session. Both were refused with SESSION_REQUIRED, and rolled back: 0 rows kept.",
  );
  const cells = await seen(page, "Without it");
  expect(cells[0]?.slice(1)).toEqual(["A", "B"]);
  expect(new Set(cells.slice(1).flatMap((row) => row.slice(1)))).toEqual(new Set(["nobody"]));
});

test("it can be run again", async ({ page }) => {
  await run(page);
  await run(page);
  await expect(page.getByRole("region", { name: "With the plugin" }).locator(".verdict")).toContainText("16 of 16");
});
