// Promise: a person looks through the tables, and sees how they are made.

import { expect, test } from "./page-test.ts";

test.beforeEach(({ visitor }) => visitor.open("Rows"));

test("every table is listed with its rows", async ({ page }) => {
  const list = page.getByRole("navigation", { name: "Tables" });
  await expect(list.getByRole("link")).toHaveCount(7);
  await expect(list.getByRole("link", { name: "customers" })).toContainText("420");
  await expect(list.getByRole("link", { name: "order_totals" })).toContainText("view");
});

test("rows come a page at a time, first to last and back", async ({ page, visitor }) => {
  await visitor.look("customers");
  const pages = page.getByRole("navigation", { name: "Pages" });
  const numbers = page.locator("td.row-number");
  await expect(pages).toContainText("1–50 of 420");
  await pages.getByRole("button", { name: "Next page" }).click();
  await expect(numbers.first()).toHaveText("51");
  await pages.getByRole("button", { name: "Last page" }).click();
  await expect(numbers.first()).toHaveText("401");
  await expect(numbers).toHaveCount(20);
  await expect(pages.getByRole("button", { name: "Next page" })).toBeDisabled();
  await pages.getByRole("button", { name: "Previous page" }).click();
  await expect(pages).toContainText("351–400 of 420");
  await pages.getByRole("button", { name: "First page" }).click();
  await page.getByLabel("Rows per page").selectOption("25");
  await expect(pages).toContainText("1–25 of 420");
  await expect(visitor.page.locator("tbody tr")).toHaveCount(25);
});

test("a column sorts up, down, and not at all", async ({ page, visitor }) => {
  await visitor.look("products");
  const price = page.getByRole("columnheader", { name: "price_cents" });
  const first = page.locator("tbody tr").first().locator("td").nth(4);
  await price.getByRole("button").click();
  await expect(price).toHaveAttribute("aria-sort", "ascending");
  const lowest = Number(await first.innerText());
  await price.getByRole("button").click();
  await expect(price).toHaveAttribute("aria-sort", "descending");
  await expect(async () => expect(Number(await first.innerText())).toBeGreaterThan(lowest * 10)).toPass();
  await price.getByRole("button").click();
  await expect(price).toHaveAttribute("aria-sort", "none");
});

test("the schema shows columns, keys, references, indexes and the statements", async ({ page, visitor, shoot }) => {
  await visitor.look("orders");
  await page.getByRole("button", { name: "Schema" }).click();
  const columns = page.getByRole("region", { name: "Columns" });
  await expect(columns.getByRole("row", { name: /^id/ })).toContainText("primary");
  await visitor.look("reviews");
  await expect(columns.getByRole("row", { name: /product_id/ })).toContainText("products.id");
  await expect(page.getByRole("region", { name: "Indexes" })).toContainText("unique constraint");
  await expect(page.getByRole("region", { name: "Statements that created it" })).toContainText(/create table reviews/i);
  await shoot("tables-schema");
});

test("what the console changes is seen here", async ({ page, visitor }) => {
  await visitor.goTo("Console");
  await visitor.run("create table colours (name text); insert into colours values ('teal');");
  await visitor.look("colours");
  await expect(page.getByRole("region", { name: "Rows of colours" })).toContainText("teal");
});

test("an empty table says that it is empty", async ({ page, visitor }) => {
  await visitor.goTo("Console");
  await visitor.run("create table void (n)");
  await visitor.look("void");
  await expect(page.getByText("This table is empty.")).toBeVisible();
});
