// Promise: what other tools write runs here as it is, and what is here goes to them.

import { readFile } from "node:fs/promises";
import { makeFile } from "./database-file.ts";
import { expect, test } from "./page-test.ts";

test.beforeEach(({ visitor }) => visitor.open("Console"));

test("a text with BEGIN, SAVEPOINT and ROLLBACK is done as SQLite's shell does it", async ({ visitor }) => {
  await visitor.run(`create table t (n);
begin;
  insert into t values (1);
  savepoint inner;
    insert into t values (2);
  rollback to inner;
    insert into t values (3);
  release inner;
commit;
begin immediate; insert into t values (4); rollback;
savepoint outer; insert into t values (5); release outer;`);
  await expect(visitor.summary).toContainText("2 transactions of the text committed");
  expect(await visitor.ask("select group_concat(n) from t")).toBe("1,3,5");
});

test("an error rolls its own transaction back, and those before it stay", async ({ page, visitor }) => {
  await visitor.run("begin; create table one as select 1; commit; begin; create table two as select 2; select frm;");
  await expect(page.getByRole("alert")).toContainText("no such column: frm");
  await expect(visitor.summary).toContainText("1 transaction of the text committed, the rest rolled back");
  expect(await visitor.ask("select group_concat(name) from sqlite_schema where name in ('one', 'two')")).toBe("one");
});

test("a transaction that the text does not end is rolled back, and said so", async ({ page, visitor }) => {
  await visitor.run("begin; delete from reviews;");
  await expect(page.getByRole("alert")).toContainText("does not end it");
  expect(await visitor.ask("select count(*) from reviews")).toBe("780");
});

test("the shop goes out as SQL, and comes in again by drag and drop, the same", async ({ page, visitor }) => {
  await visitor.run(
    "create table odd (a, b); insert into odd values (0.1 + 0.2, 9007199254740993), ('it''s' || char(10), x'00ff'), (1.0, null);",
  );
  const sums =
    "select (select count(*) from order_lines) || ' ' || (select group_concat(quote(a) || quote(b)) from odd)";
  const before = await visitor.ask(sums);
  await visitor.goTo("Files");
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download as SQL" }).click(),
  ]);
  expect(file.suggestedFilename()).toBe("sample-shop.sql");
  const text = (await readFile(await file.path())).toString();
  await page.getByRole("button", { name: "New empty database" }).click();
  await expect(page.getByText("new.sqlite is open, with")).toBeVisible();
  await page
    .getByLabel("Open a .sqlite file")
    .setInputFiles({ name: "dump.sql", mimeType: "text/plain", buffer: Buffer.from(text) });
  await expect(visitor.summary).toContainText("1 transaction of the text committed", { timeout: 120_000 });
  expect(await visitor.ask(sums)).toBe(before);
});

test("placeholders are given values, of the type that is meant", async ({ page, visitor }) => {
  await visitor.write("select typeof(?1) as a, ?2 as b; select :name as c;");
  await page.getByLabel("?1", { exact: true }).fill("007");
  await page.getByLabel("Type of ?1").selectOption("text");
  await page.getByLabel("?2", { exact: true }).fill("9007199254740993");
  await page.getByLabel(":name", { exact: true }).fill("Ada");
  await page.getByRole("button", { name: /^Run/ }).click();
  await expect(visitor.result(2)).toBeVisible();
  expect([await visitor.rows(1), await visitor.rows(2)]).toEqual([[["text", "9007199254740993"]], [["Ada"]]]);
});

test("a link brings a query back, and does not run it", async ({ page, visitor }) => {
  await visitor.write("delete from reviews -- & ? 100 %");
  await page.getByRole("button", { name: "Copy a link" }).click();
  const url = page.url();
  await page.goto("about:blank");
  await page.goto(url);
  await visitor.isReady();
  await expect(visitor.editor).toHaveText("delete from reviews -- & ? 100 %");
  expect(await visitor.ask("select count(*) from reviews")).toBe("780");
});

test("a database opens by its address, and one that cannot be had is said so", async ({
  page,
  visitor,
  complaints,
}) => {
  const image = await makeFile("create table far (n)", "insert into far values (42)");
  await page.route("https://example.com/**", (route) =>
    route.request().url().endsWith("far.sqlite")
      ? route.fulfill({ body: image, headers: { "access-control-allow-origin": "*" } })
      : route.abort(),
  );
  await page.goto("/#try/files?open=https%3A%2F%2Fexample.com%2Ffar.sqlite");
  await expect(page.getByText("far.sqlite is open, with 1 table.")).toBeVisible();
  expect(await visitor.ask("select n from far")).toBe("42");
  await visitor.goTo("Files");
  await page.getByLabel("Address of a database").fill("https://example.com/none.sqlite");
  await page.getByRole("button", { name: "Open by address" }).click();
  await expect(page.getByRole("alert")).toContainText("cannot be reached from here");
  expect(complaints.every((complaint) => complaint.includes("none.sqlite") || complaint.includes("ERR_FAILED"))).toBe(
    true,
  );
  complaints.length = 0;
});

test("a change in place is a session, and refused where the row has changed meanwhile", async ({ page, visitor }) => {
  await visitor.look("products");
  await page.getByLabel("Value to filter by").fill("sealing-wax kit, classic");
  const row = page.locator("page-rows tbody tr");
  await expect(row).toHaveCount(1);
  await row.locator("td").nth(3).dblclick();
  const panel = page.getByRole("dialog");
  await panel.getByRole("textbox", { name: "New value" }).fill("Wax & seal");
  await panel.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Changed name of one row, in a session.")).toBeVisible();
  expect(await visitor.ask("select count(*) from products where name = 'Wax & seal'")).toBe("1");
  await visitor.look("categories");
  await page.getByRole("region", { name: "Rows of categories" }).focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await panel.getByRole("textbox", { name: "New value" }).fill("Inks");
  await panel.getByRole("button", { name: "Save" }).click();
  await expect(panel.getByRole("alert")).toContainText("UNIQUE constraint failed");
});

test("values are seen for what they are, and whole", async ({ page, visitor }) => {
  await visitor.run(
    `select '' as void, ' x ' as blanks, 'a' || char(10) || 'b' as lines, '{"a":[1,2]}' as json, printf('%.*c', 5000, 'z') as long, x'00ff41' as blob`,
  );
  expect((await visitor.rows())[0]?.slice(0, 3)).toEqual(["''", "·x·", "a↵b"]);
  const cells = visitor.result(1).locator("tbody td");
  await cells.nth(5).getByRole("button").click();
  const panel = page.getByRole("dialog");
  await expect(panel.locator("pre")).toHaveText("z".repeat(5_000));
  await page.keyboard.press("Escape");
  await cells.nth(6).getByRole("button").click();
  await expect(panel.locator("pre")).toContainText("00 ff 41");
  await panel.getByRole("button", { name: "Close" }).click();
  await cells.nth(4).dblclick();
  await panel.getByRole("button", { name: "Laid out as JSON" }).click();
  await expect(panel.locator("pre")).toHaveText('{ "a": [ 1, 2 ] }');
  await page.keyboard.press("Escape");
  await visitor.run("create table reals (x); insert into reals values (1.0), (1);");
  await visitor.look("reals");
  await expect(page.locator("page-rows tbody td:not(.row-number)")).toHaveText(["1.0", "1"]);
});
