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

test("a second tab is told that the first has the database, and goes on when that is closed", async ({
  page,
  visitor,
  context,
}) => {
  await visitor.open("Console");
  await visitor.run("create table first_tab as select 1 as n");
  const second = await context.newPage();
  await second.goto("/#try/console");
  await expect(second.getByRole("heading", { name: "Another tab has this database open" })).toBeVisible({
    timeout: 20_000,
  });
  await page.close();
  await second.getByRole("button", { name: "Try again" }).click();
  await expect(second.getByRole("navigation", { name: "Tables" }).getByRole("link", { name: "first_tab" })).toBeVisible(
    { timeout: 20_000 },
  );
});

test("a second tab may work in memory, which it says, and closing it asks", async ({ page, visitor, context }) => {
  await visitor.open("Console");
  const second = await context.newPage();
  await second.goto("/#try/console");
  await second.getByRole("button", { name: "Work in memory" }).click({ timeout: 20_000 });
  await expect(second.getByRole("banner")).toContainText("in memory");
  const editor = second.getByRole("textbox", { name: "SQL" });
  await editor.press("ControlOrMeta+a");
  await second.keyboard.insertText("delete from reviews");
  await editor.press("ControlOrMeta+Enter");
  await expect(second.locator("page-console .summary")).toHaveText(/committed/);
  const asked = new Promise<string>((resolve) =>
    second.once("dialog", (dialog) => {
      resolve(dialog.type());
      void dialog.accept();
    }),
  );
  await second.close({ runBeforeUnload: true });
  expect(await asked).toBe("beforeunload");
  await expect(page.getByRole("banner")).toContainText("kept in OPFS");
});
