// Promise: what was committed outlives the page; where it is kept is said, and nothing is lost unasked.

import { makeFile } from "./database-file.ts";
import { expect, test } from "./page-test.ts";

test("a reload finds the database as it was, and says where it is kept", async ({ page, visitor }) => {
  await visitor.open("Console");
  await visitor.run("update products set name = 'Renamed' where id = 1");
  await expect(page.getByRole("banner")).toContainText("kept in OPFS");
  await page.reload();
  await visitor.isReady();
  expect(await visitor.ask("select name from products where id = 1")).toBe("Renamed");
});

test("a file stays open over a reload, others stay beside it, and one is removed when one says so", async ({
  page,
  visitor,
}) => {
  await visitor.open("Files");
  const buffer = await makeFile("create table books (title)", "insert into books values ('Ulysses')");
  await page
    .getByLabel("Open a .sqlite file")
    .setInputFiles({ name: "shelf.sqlite", mimeType: "application/vnd.sqlite3", buffer });
  await expect(page.getByText("shelf.sqlite is open, with 1 table.")).toBeVisible();
  await page.reload();
  await visitor.isReady();
  expect(await visitor.ask("select title from books")).toBe("Ulysses");
  await visitor.goTo("Files");
  await page.getByRole("button", { name: "New empty database" }).click();
  await expect(page.getByText("new.sqlite is open, with 0 tables.")).toBeVisible();
  await page.getByRole("button", { name: "Open shelf.sqlite" }).click();
  await expect(page.getByText("shelf.sqlite is open, with 1 table.")).toBeVisible();
  page.once("dialog", (dialog) => void dialog.accept());
  await page.getByRole("button", { name: "Remove shelf.sqlite" }).click();
  await expect(page.getByText("shelf.sqlite was removed from this browser.")).toBeVisible();
  await expect(page.getByRole("list", { name: "Databases in this browser" }).getByRole("listitem")).toHaveCount(2);
});

test("the sample is made anew only when one says so", async ({ page, visitor }) => {
  await visitor.open("Console");
  await visitor.run("delete from reviews");
  await visitor.goTo("Files");
  page.once("dialog", (dialog) => void dialog.dismiss());
  await page.getByRole("button", { name: "Recreate the sample shop" }).click();
  expect(await visitor.ask("select count(*) from reviews")).toBe("0");
  await visitor.goTo("Files");
  page.once("dialog", (dialog) => void dialog.accept());
  await page.getByRole("button", { name: "Recreate the sample shop" }).click();
  await expect(page.getByText("The sample shop is as it was made.")).toBeVisible();
  expect(await visitor.ask("select count(*) from reviews")).toBe("780");
});
