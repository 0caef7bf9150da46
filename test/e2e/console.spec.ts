// Promise: a person runs SQL, sees what came of it, and takes it along.

import { contentOf, expect, test } from "./page-test.ts";

test.beforeEach(({ visitor }) => visitor.open("Console"));

test("a query shows its rows, their number and the time", async ({ visitor }) => {
  await visitor.run("select id, name from categories order by id limit 3");
  expect(await visitor.rows()).toEqual([
    ["1", "Notebooks"],
    ["2", "Pens & pencils"],
    ["3", "Inks"],
  ]);
  await expect(visitor.result(1)).toContainText(/3 rows in [\d.]+ ms/);
  await expect(visitor.summary).toHaveText(/1 statement in [\d.]+ m?s, committed/);
});

test("Ctrl or Cmd with Enter runs, and so does the button", async ({ page, visitor }) => {
  await visitor.run("select 1 as one");
  expect(await visitor.rows()).toEqual([["1"]]);
  await visitor.write("select 2 as two");
  await page.getByRole("button", { name: /^Run/ }).click();
  await expect(visitor.result(1).locator("thead")).toContainText("two");
});

test("several statements run one after another, each with its own result", async ({ visitor }) => {
  await visitor.run("create table t (n); insert into t values (1), (2), (3); select sum(n) as total from t;");
  await expect(visitor.result(1)).toContainText("done");
  await expect(visitor.result(2)).toContainText("3 rows changed");
  expect(await visitor.rows(3)).toEqual([["6"]]);
});

test("only what is selected runs", async ({ visitor }) => {
  await visitor.write("select 'second' as a;\nselect 'first' as b;");
  await visitor.editor.press("ControlOrMeta+Home");
  await visitor.editor.press("Shift+End");
  await visitor.editor.press("ControlOrMeta+Enter");
  expect(await visitor.rows(1)).toEqual([["second"]]);
  await expect(visitor.result(2)).toHaveCount(0);
});

test("every example runs, or fails where it means to", async ({ page, visitor }) => {
  const examples = page.getByLabel("Examples");
  const titles = await examples.locator("option").allInnerTexts();
  expect(titles.length).toBeGreaterThan(5);
  for (const title of titles.slice(1)) {
    await examples.selectOption(title);
    await visitor.editor.press("ControlOrMeta+Enter");
    await expect(visitor.summary).toHaveText(/error|mis/.test(title) ? /error/ : /committed/);
  }
});

test("a misspelt word is marked at its line and column", async ({ page, visitor }) => {
  await visitor.run("select name, price_cents\nfrom products\nwhere price_cents > 1000\nordr by price_cents");
  await expect(page.getByRole("alert")).toContainText("Line 4, column 1");
  await expect(page.getByRole("alert")).toContainText("syntax error");
  await expect(visitor.editor.locator(".sql-error")).toHaveText("ordr");
});

test("a missing table is marked in the statement that names it, not before", async ({ page, visitor }) => {
  await visitor.run("select 'complaints' as word;\n\n-- complaints\nselect * from complaints;");
  await expect(page.getByRole("alert")).toContainText("Line 4, column 15");
  await expect(visitor.editor.locator(".sql-error")).toHaveText("complaints");
});

test("an error in one session takes back what ran before it", async ({ visitor }) => {
  const before = await visitor.ask("select count(*) from reviews");
  await visitor.run("delete from reviews where stars < 3; select * from nowhere;");
  await expect(visitor.summary).toContainText("rolled back");
  expect(await visitor.ask("select count(*) from reviews")).toBe(before);
});

test("with autocommit, what ran before an error stays", async ({ page, visitor }) => {
  await page.getByLabel("Run as").selectOption("autocommit");
  await visitor.run("create table kept (n); insert into kept values (1); select * from nowhere;");
  await expect(page.getByRole("alert")).toContainText("no such table: nowhere");
  expect(await visitor.ask("select count(*) from kept")).toBe("1");
});

test("two columns of one name are both shown", async ({ visitor }) => {
  await visitor.run("select 1 as id, 2 as id");
  expect(await visitor.rows()).toEqual([["1", "2"]]);
});

test("the history comes back with arrow keys, from the list, and on the next visit", async ({ page, visitor }) => {
  await visitor.run("select 'older'");
  await visitor.run("select 'newer'");
  await visitor.write("my own text");
  await visitor.editor.press("ControlOrMeta+Home");
  await visitor.editor.press("ArrowUp");
  await expect(visitor.editor, "an arrow replaces nothing that one has written").toHaveText("my own text");
  await visitor.write("");
  await visitor.editor.press("ArrowUp");
  await expect(visitor.editor).toHaveText("select 'newer'");
  await visitor.editor.press("Alt+ArrowUp");
  await expect(visitor.editor).toHaveText("select 'older'");
  await visitor.editor.press("Alt+ArrowDown");
  await visitor.editor.press("Alt+ArrowDown");
  await expect(visitor.editor).toHaveText(/^(select \* from …)?$/);

  await visitor.write("left in the editor");
  await page.reload();
  await expect(visitor.editor).toHaveText("left in the editor");
  await page.getByLabel("History").selectOption("select 'older'");
  await expect(visitor.editor).toHaveText("select 'older'");
});

test("a long result comes a page at a time", async ({ page, visitor }) => {
  await visitor.run("select line, product_id from order_lines");
  await expect(visitor.result(1).locator("tbody tr")).toHaveCount(100);
  await visitor.result(1).getByRole("button", { name: "Last page" }).click();
  await expect(visitor.result(1).getByRole("status")).toHaveText(/of 4,113$/);
  await expect(visitor.result(1).locator("tbody tr")).toHaveCount(13);
  await expect(page.getByRole("button", { name: "Next page" })).toBeDisabled();
});

test("a result is taken along as CSV and as JSON", async ({ page, visitor }) => {
  await visitor.run(
    `select 1 as id, 'say "hi", twice' as note, null as empty, '' as blank, x'00ff' as bytes, 9e999 as endless`,
  );
  const [csv] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV" }).click()]);
  expect(csv.suggestedFilename()).toBe("result.csv");
  expect(String(await contentOf(csv))).toBe(
    'id,note,empty,blank,bytes,endless\r\n1,"say ""hi"", twice",,"",00ff,Infinity\r\n',
  );
  const [json] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "JSON" }).click()]);
  expect(JSON.parse(String(await contentOf(json)))).toEqual([
    { id: 1, note: 'say "hi", twice', empty: null, blank: "", bytes: "00ff", endless: Infinity },
  ]);
});

test("a result becomes a chart, of the columns one picks", async ({ page, visitor, shoot }) => {
  await page.getByLabel("Examples").selectOption("Revenue by month");
  await visitor.editor.press("ControlOrMeta+Enter");
  await page.getByRole("button", { name: "Chart" }).click();
  const chart = page.getByRole("img", { name: /chart/ });
  await expect(chart).toHaveAccessibleName("Line chart of revenue by month, 18 points");
  await page.getByLabel("Values").selectOption("orders");
  await page.getByLabel("Chart", { exact: true }).selectOption("bars");
  await expect(chart).toHaveAccessibleName("Bar chart of orders by month, 18 points");
  // Drawn, not only there: some of its pixels have colour.
  await expect
    .poll(() =>
      chart.evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
        return data.some((value) => value > 0);
      }),
    )
    .toBe(true);
  await shoot("console-chart");
});

test("after a story, and where a month has no row, the axis of months tells the truth", async ({ page, visitor }) => {
  await visitor.goTo("Sessions");
  await visitor.tell("Start competing sessions");
  await visitor.goTo("Console");
  expect(await visitor.ask("select max(substr(ordered_at, 1, 7)) from orders")).toBe("2026-06");
  await visitor.run("select '2026-01' as month, 5 as n union all select '2026-04', 7");
  await page.getByRole("button", { name: "Chart" }).click();
  await expect(page.getByRole("img", { name: /chart/ })).toHaveAccessibleName(/of n by month/);
  // January, February, March, April: two of them without a row.
  await expect(page.getByRole("img", { name: /chart/ })).toHaveAttribute("data-points", "4");
});

test("a chart that cannot be loaded says so, and can be tried again", async ({ page, visitor, complaints }) => {
  await visitor.run("select name, stock from products limit 5");
  await page.route(/result-chart/, (route) => route.abort("internetdisconnected"));
  await page.getByRole("button", { name: "Chart" }).click();
  await expect(visitor.result(1).getByRole("alert")).toContainText("is there a network?");
  await page.unroute(/result-chart/);
  complaints.length = 0;
});

test("columns of the tables that a statement names are completed", async ({ page, visitor }) => {
  await visitor.write("");
  await visitor.editor.press("Escape");
  await page.keyboard.type("select * from orders where cus");
  await expect(page.getByRole("option", { name: /^customer_id/ })).toBeVisible();
});

test("an error of thousands of letters keeps the page in place", async ({ page, visitor }) => {
  await visitor.run(`select ${"x".repeat(3_000)}`);
  const box = await page.getByRole("alert").boundingBox();
  expect(box?.height).toBeLessThan(300);
});

test("a chart of words says what it needs", async ({ page, visitor }) => {
  await visitor.run("select name from categories");
  await page.getByRole("button", { name: "Chart" }).click();
  await expect(visitor.result(1)).toContainText("needs a column of numbers");
});
