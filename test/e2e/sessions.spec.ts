// Promise: what sessions do can be seen: who waits, who works, what was committed and what was not.

import { expect, test } from "./page-test.ts";

test.beforeEach(({ visitor }) => visitor.open("Sessions"));

test("opening the page is a session like any other: the shop was filled in one", async ({ page }) => {
  const lanes = page.getByRole("list", { name: "Sessions, oldest first" }).getByRole("listitem");
  const committed = lanes.filter({ hasText: "committed" });
  await expect(committed.first()).toBeVisible();
  // Others of the page may have been begun before it.
  await expect(async () => {
    const told: string[] = [];
    for (const lane of await committed.all()) {
      await lane.hover();
      told.push((await page.locator(".lane-details").textContent()) ?? "");
    }
    expect(told.join("\n")).toContain("the page fills the sample shop");
  }).toPass();
});

test("six that compete wait for one connection, and all commit", async ({ page, shoot }) => {
  await page.getByRole("button", { name: "Clear" }).click();
  // Watched from inside the page: it is over in a second.
  const allWait = page.waitForFunction(() =>
    [...document.querySelectorAll(".stats div")].some((stat) => /Waiting\s*5/.test(stat.textContent)),
  );
  await page.getByRole("button", { name: "Start competing sessions" }).click();
  await allWait;
  await shoot("sessions-running");
  await expect(page.locator(".outcome")).toContainText("each complete: 6");
  await expect(page.locator(".lane-name [data-state=committed]")).toHaveCount(6);
  await expect(page.locator(".lane-track rect.wait")).toHaveCount(5);
  await expect(page.locator(".lane-track .mark.commit")).toHaveCount(6);
  await expect(page.locator(".lane-track rect.flight")).not.toHaveCount(0);
  await page.locator(".lane-name").nth(3).focus();
  await expect(page.locator(".lane-details")).toContainText(/waits for a connection, as number 3 in line/);
  await expect(page.locator(".lane-details")).toContainText(/begin · insert into orders/i);
  await shoot("sessions-competing");
});

test("one that fails leaves the count as it was", async ({ page, visitor }) => {
  const outcome = await visitor.tell("Start one that fails");
  expect(outcome).toMatch(/“The card was declined.” Orders before: (\d+), inside the session: (?!\1)\d+, after: \1\./);
  await expect(page.locator(".lane-name [data-state='rolled back']")).toHaveCount(1);
  await expect(page.locator(".lane-track .mark.rollback")).toHaveCount(1);
});

test("aborted ones give up their place or their work, and the next has its turn", async ({ page, visitor }) => {
  expect(await visitor.tell("Start one that is aborted")).toBe(
    "The first was aborted while working, the second left the line, the third committed.",
  );
  await expect(page.locator(".lane-name [data-state=aborted]")).toHaveCount(2);
  await visitor.goTo("Console");
});

test("a nested transaction fails alone", async ({ page, visitor }) => {
  const outcome = await visitor.tell("Nest a transaction");
  const [, before, after] = /(\d+) before, (\d+) after/.exec(outcome) ?? [];
  expect(Number(after)).toBe(Number(before) + 1);
  await expect(page.locator(".lane-name [data-state=committed]")).toHaveCount(1);
  await expect(page.locator(".lane-track .mark.part")).toHaveCount(1);
});

test("a lost race is run again until it commits", async ({ page, visitor }) => {
  expect(await visitor.tell("Retry what lost a race")).toContain("Committed on attempt 3");
  await expect(page.locator(".lane-track .mark.retry")).toHaveCount(2);
});

test("a deadlock is told at once", async ({ visitor }) => {
  // Not by a timeout: the page's pool has none.
  expect(await visitor.tell("Provoke a deadlock")).toContain("POOL_DEADLOCK");
});

test("the code that is shown is the code that runs, with what the sliders say", async ({ page, visitor }) => {
  await page.getByRole("slider", { name: "Sessions at once" }).fill("3");
  await page.getByRole("slider", { name: "Each thinks" }).fill("50");
  expect(await visitor.tell("Start competing sessions")).toContain("each complete: 3.");
  const code = page.getByRole("region", { name: "The code that runs" });
  await expect(code).toContainText("length: 3 }");
  await expect(code).toContainText("await sleep(50);");
  await visitor.tell("Provoke a deadlock");
  await expect(page.getByRole("region", { name: "The code that runs" })).toContainText('propagation: "requires-new"');
});

test("a running story can be stopped, and nothing of it stays", async ({ page, visitor }) => {
  await page.getByRole("button", { name: "Start competing sessions" }).click();
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(page.locator(".outcome")).toHaveText("Stopped.");
  await expect(page.locator(".status")).toContainText("0 sessions waiting");
  await expect(page.locator(".status")).toContainText("connection idle");
  expect(await visitor.ask("select count(*) from orders where id > 1650 and customer_id = 6")).toBe("0");
});

test("the log tells in words what the picture shows", async ({ page, visitor }) => {
  await visitor.tell("Start one that fails");
  await page.getByText("Event log").click();
  const log = page.getByRole("region", { name: "Event log" });
  await expect(log.getByRole("row", { name: /rolls back/ })).toBeVisible();
  await expect(log.getByRole("row", { name: /acquire/ }).first()).toBeVisible();
});

test("what is done elsewhere on the page is seen here too", async ({ page, visitor }) => {
  await page.getByRole("button", { name: "Clear" }).click();
  await visitor.goTo("Console");
  await visitor.run("update products set stock = 5 where id = 1");
  await visitor.goTo("Sessions");
  await expect(page.locator(".lane-name")).toContainText(["committed"]);
  const lane = page.locator(".lane-name").first();
  // The timeline may be drawn once more, and takes the focus with it: whoever looks tabs to it again.
  await expect(async () => {
    await lane.blur();
    await lane.focus();
    await expect(page.locator(".lane-details")).toContainText("update products set stock", { timeout: 1_000 });
  }).toPass();
});

test("clearing empties the timeline", async ({ page }) => {
  await page.getByRole("button", { name: "Clear" }).click();
  await expect(page.getByText("Nothing has happened yet.")).toBeVisible();
});
