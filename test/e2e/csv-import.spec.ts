// Promise: a CSV file comes in whole, or not at all.

import type { Page } from "@playwright/test";
import { expect, test } from "./page-test.ts";

test.beforeEach(({ visitor }) => visitor.open("Files"));

async function choose(page: Page, name: string, text: string): Promise<void> {
  await page.getByLabel("Choose a .csv file").setInputFiles({ name, mimeType: "text/csv", buffer: Buffer.from(text) });
  await expect(page.getByRole("button", { name: "Import", exact: true })).toBeVisible();
}

function manyRows(count: number): string {
  return `id,name,amount\n${Array.from({ length: count }, (_, at) => `${at + 1},"row, ${at + 1}",${(at % 97) + 0.5}\n`).join("")}`;
}

test("a file becomes a new table, its types told from its rows", async ({ page, visitor, shoot }) => {
  await choose(
    page,
    "City list.csv",
    'id,city,zip,share\r\n1,Århus,08000,0.25\r\n2,"Porto, PT",4000,1\r\n3,,01067,\r\n',
  );
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("city_list");
  await shoot("files-import");
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await expect(page.getByText(/3 rows imported into city_list/)).toBeVisible();
  await visitor.goTo("Console");
  await visitor.run("select id, city, zip, share, typeof(id), typeof(zip), typeof(share) from city_list order by id");
  expect(await visitor.rows()).toEqual([
    ["1", "Århus", "08000", "0.25", "integer", "text", "real"],
    ["2", "Porto, PT", "4000", "1", "integer", "text", "real"],
    ["3", "NULL", "01067", "NULL", "integer", "text", "null"],
  ]);
});

test("a code, a long number and ragged rows are kept as they are, counted, and said", async ({ page, visitor }) => {
  const rows = Array.from({ length: 300 }, (_, at) => `${10_000 + at},${at},x\n`).join("");
  await choose(
    page,
    "codes.csv",
    `zip,number,note\n${rows}01234,9007199254740993,""\n5,1234567890123456789,\n6,7\n8,9,a,b,c\n`,
  );
  await expect(page.getByRole("list", { name: "What to know of this file" })).toContainText(
    "1 row with fewer fields than 3, 1 with more; the first on line 304, with 2.",
  );
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await expect(page.getByRole("list", { name: "What was changed" })).toContainText("1 row with fields too many");
  await visitor.goTo("Console");
  await visitor.run("select zip, number, quote(note), more_fields, typeof(zip) from codes order by rowid desc limit 4");
  expect(await visitor.rows()).toEqual([
    ["8", "9", "'a'", '["b","c"]', "text"],
    ["6", "7", "NULL", "NULL", "text"],
    ["5", "1234567890123456789", "NULL", "NULL", "text"],
    ["01234", "9007199254740993", "''", "NULL", "text"],
  ]);
});

test("what a column's type would change is said before, and again after", async ({ page, visitor }) => {
  await choose(page, "codes.csv", "code\n12\n007\n2.50\n");
  await page.getByLabel("code", { exact: true }).selectOption("integer");
  await expect(page.getByRole("list", { name: "What to know of this file" })).toContainText("“007” on line 3");
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await expect(page.getByRole("list", { name: "What was changed" })).toContainText(
    "code: 2 values that do not fit its type, kept as text",
  );
  expect(await visitor.ask("select group_concat(code, '|') from codes")).toBe("12|007|2.50");
});

for (const [encoding, bytes] of Object.entries({
  "Windows-1252": Buffer.from([...Buffer.from("name\nZo"), 0xeb, 0x0a]),
  "UTF-16": Buffer.from("\ufeffname\nZoë\n", "utf16le"),
}))
  test(`a file in ${encoding} is read as it is meant`, async ({ page, visitor }) => {
    await page
      .getByLabel("Choose a .csv file")
      .setInputFiles({ name: "names.csv", mimeType: "text/csv", buffer: bytes });
    await page.getByRole("button", { name: "Import", exact: true }).click();
    await expect(page.getByText("1 row imported into names")).toBeVisible();
    expect(await visitor.ask("select name from names")).toBe("Zoë");
  });

test("a value that fails names its line, and 200 columns leave the Import button in sight", async ({ page }) => {
  const names = Array.from({ length: 200 }, (_, at) => `column_${at}`);
  await choose(page, "wide.csv", `${names.join(",")}\n${names.map((_, at) => at).join(",")}\n`);
  await expect(page.getByRole("button", { name: "Import", exact: true })).toBeInViewport();
  await choose(page, "bad.csv", "id,name\n90,Stamps\n91,Inks\n");
  await page.getByLabel("Into").selectOption("categories");
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("Nothing was imported. Line 3: UNIQUE constraint failed");
});

test("a file goes into a table that is there, column by column", async ({ page, visitor }) => {
  await choose(page, "more.csv", "id;name;colour\n90;Stamps;red\n91;Maps;blue\n");
  await page.getByLabel("Into").selectOption("categories");
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await expect(page.getByText(/2 rows imported into categories/)).toBeVisible();
  expect(await visitor.ask("select group_concat(name) from categories where id >= 90")).toBe("Stamps,Maps");
});

test("a row that fails takes all of them back, those of earlier batches too", async ({ page, visitor }) => {
  const good = Array.from({ length: 4_500 }, (_, at) => `${at + 100},Range ${at}\n`).join("");
  await choose(page, "bad.csv", `id,name\n${good}9000,Notebooks\n`);
  await page.getByLabel("Into").selectOption("categories");
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText(/Nothing was imported.*UNIQUE/);
  expect(await visitor.ask("select count(*) from categories")).toBe("8");
});

test("a long import shows how far it is, keeps the page alive, and ends", async ({ page, visitor }) => {
  await choose(page, "long.csv", manyRows(60_000));
  // Watched from within, frame by frame: asked from outside, a busy machine answers too seldom.
  await page.evaluate(() => {
    const seen = new Set<number>();
    Object.assign(globalThis, { seen });
    const look = (): void => {
      const bar = document.querySelector("progress");
      if (bar) seen.add(bar.value);
      requestAnimationFrame(look);
    };
    look();
  });
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await expect(page.getByText(/60,000 rows imported/)).toBeVisible({ timeout: 120_000 });
  const places = await page.evaluate(() => (globalThis as unknown as { seen: Set<number> }).seen.size);
  expect(places, "the bar moved").toBeGreaterThan(2);
  expect(await visitor.ask("select count(*) || ' ' || sum(id) from long")).toBe(`60000 ${(60_000 * 60_001) / 2}`);
});

test("cancelled half-way, nothing of it stays, not even the table", async ({ page, visitor }) => {
  await choose(page, "long.csv", manyRows(150_000));
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await expect(page.getByText(/[1-9][\d,]* rows/).last()).toBeVisible();
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByText(/Cancelled after [\d,]+ rows?; all of them were rolled back/)).toBeVisible();
  expect(await visitor.ask("select count(*) from sqlite_schema where name = 'long'")).toBe("0");
});

test("cancelled half-way into a table that was there, its rows are as before", async ({ page, visitor }) => {
  await visitor.goTo("Console");
  await visitor.run(
    "create table ledger (id integer, name text, amount real); insert into ledger values (0, 'first', 1)",
  );
  await visitor.goTo("Files");
  await choose(page, "long.csv", manyRows(150_000));
  await page.getByLabel("Into").selectOption("ledger");
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await expect(page.getByText(/· [1-9][\d,]* rows/)).toBeVisible();
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByText(/Cancelled after/)).toBeVisible();
  expect(await visitor.ask("select count(*) from ledger")).toBe("1");
});

test("a table of that name is not overwritten", async ({ page }) => {
  await choose(page, "Customers.csv", "id\n1\n");
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("There is already a table “customers”");
});

test("what is no CSV says so", async ({ page }) => {
  await page
    .getByLabel("Choose a .csv file")
    .setInputFiles({ name: "empty.csv", mimeType: "text/csv", buffer: Buffer.from("") });
  await expect(page.getByRole("alert")).toContainText("empty.csv is empty");
});
