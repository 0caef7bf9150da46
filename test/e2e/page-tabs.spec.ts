// Promise: the tabs of the page work on one database: each says where it is and which tab leads, a change in one shows in the others,
// their sessions queue on one timeline, and when one dies, what it had begun is rolled back for all to see.

import type { Page } from "@playwright/test";
import { expect, test, Visitor } from "./page-test.ts";

const PATIENCE = { timeout: 120_000 };

// Two pages, each with an engine of its own.

async function second(page: Page, hash: string): Promise<Visitor> {
  const visitor = new Visitor(await page.context().newPage());
  await visitor.page.goto(`/${hash}`);
  await visitor.isReady();
  return visitor;
}

const lanesOf = (page: Page, place: string) =>
  page.locator("page-sessions .lane").filter({ has: page.locator(".lane-place", { hasText: place }) });

async function begin({ page }: Visitor, sessions: string, thinks: string): Promise<void> {
  await page.getByRole("slider", { name: "Sessions at once" }).fill(sessions);
  await page.getByRole("slider", { name: "Each thinks" }).fill(thinks);
  await page.getByRole("button", { name: "Start competing sessions" }).click();
}

test("two tabs that come at once have one sample, say who leads, and see each other's changes", async ({
  page,
  visitor,
}) => {
  const [, other] = await Promise.all([visitor.open("Console"), second(page, "#try/rows/customers")]);
  const roles = async (): Promise<string[]> =>
    Promise.all(
      [page, other.page].map(async (each) => (await each.locator(".database .hint").textContent())?.trim() ?? ""),
    );
  await expect
    .poll(async () => (await roles()).toSorted(), PATIENCE)
    .toEqual(["kept in OPFS · another tab leads", "kept in OPFS · this tab leads"]);
  expect(await visitor.ask("select count(*) from customers")).toBe("420");
  // In the rows that the other one looks at, and in its list of tables.
  await visitor.run("update customers set name = 'Renamed Elsewhere' where id = 1; create table made_elsewhere (n)");
  await expect(other.page.getByRole("region", { name: "Rows of customers" })).toContainText(
    "Renamed Elsewhere",
    PATIENCE,
  );
  await expect(
    other.page.getByRole("navigation", { name: "Tables" }).getByRole("link", { name: "made_elsewhere" }),
  ).toBeVisible(PATIENCE);
  // And back again.
  expect(await other.ask("insert into made_elsewhere values (7) returning n")).toBe("7");
  expect(await visitor.ask("select n from made_elsewhere")).toBe("7");
  await visitor.goTo("Files");
  await expect(page.locator("page-files .lead")).toContainText(/tab leads/);
});

test("a second tab's sessions queue on the first one's timeline, and its death is a rollback that one sees", async ({
  page,
  visitor,
  shoot,
}) => {
  await visitor.open("Sessions");
  const other = new Visitor(await page.context().newPage());
  // It thinks until it is closed: no test waits for a clock.
  await other.page.addInitScript(() => {
    const original = setTimeout;
    Object.assign(globalThis, {
      setTimeout: (work: () => void, ms = 0) => original(work, ms === 2_000 ? 2 ** 30 : ms),
    });
  });
  await other.open("Sessions");
  await begin(other, "2", "2000");
  // One of the other tab's has its turn, and the next one stands in its own tab's line.
  await expect(lanesOf(page, "tab 2").filter({ hasText: "working" })).toHaveCount(1, PATIENCE);
  await begin(visitor, "1", "50");
  const own = page.locator("page-sessions .lane").last();
  await expect(own).toContainText("waiting", PATIENCE);
  await expect(page.locator(".status")).toContainText("waiting for tab 2");
  await shoot("tabs-waiting");
  // The picture is the same from the other side.
  await expect(lanesOf(other.page, "tab 1").filter({ hasText: "waiting" })).toHaveCount(1, PATIENCE);
  await other.page.close();
  await expect(lanesOf(page, "tab 2").filter({ hasText: "rolled back" })).toHaveCount(1, PATIENCE);
  await expect(page.locator("page-sessions .outcome")).toHaveText(/each complete: 1/, PATIENCE);
  await lanesOf(page, "tab 2").filter({ hasText: "rolled back" }).locator(".lane-name").focus();
  await expect(page.locator("page-sessions .lane-details")).toContainText("its tab is gone: it is rolled back");
  await shoot("tabs-rolled-back");
  // Of three orders that were begun, one is there.
  expect(await visitor.ask("select count(*) from orders where id > 1650")).toBe("1");
});

test("when the tab that leads is closed or reloaded, the other one goes on with all that was committed", async ({
  page,
  visitor,
}) => {
  await visitor.open("Console");
  await visitor.run("create table first_tab as select 1 as n");
  const other = await second(page, "#try/console");
  await expect(other.page.getByRole("banner")).toContainText("another tab leads");
  // Its transaction is open in the tab that goes: the work is told so, and nothing of it stays.
  await visitor.goTo("Sessions");
  await begin(visitor, "1", "2000");
  await expect(page.locator("page-sessions .lane").last()).toContainText("working");
  await page.reload();
  await visitor.isReady();
  for (const { page: each } of [visitor, other])
    await expect(each.locator(".database .hint")).toHaveText(/another tab leads|this tab leads/, PATIENCE);
  expect(await other.ask("select count(*) from orders where id > 1650")).toBe("0");
  await page.close();
  expect(await other.ask("insert into first_tab values (2) returning n")).toBe("2");
  await expect(other.page.locator(".database .hint")).toHaveText("kept in OPFS");
});

test("a tab does not take a database away that another one has open", async ({ page, visitor }) => {
  await visitor.open("Files");
  await page.getByRole("button", { name: "New empty database" }).click();
  await expect(page.getByText("new.sqlite is open, with 0 tables.")).toBeVisible();
  const other = await second(page, "#try/files");
  await other.page.getByRole("button", { name: "Open Sample shop" }).click();
  await expect(other.page.getByText("Sample shop is open")).toBeVisible(PATIENCE);
  other.page.once("dialog", (dialog) => void dialog.accept());
  await other.page.getByRole("button", { name: "Remove new.sqlite" }).click();
  await expect(other.page.getByRole("alert")).toContainText("new.sqlite is open in another tab");
  // The sample is made anew beneath a tab that looks at it.
  await page.getByRole("button", { name: "Open Sample shop" }).click();
  await visitor.look("reviews");
  await other.ask("delete from reviews");
  await expect(page.locator("page-rows")).toContainText("This table is empty.", PATIENCE);
  await other.goTo("Files");
  other.page.once("dialog", (dialog) => void dialog.accept());
  await other.page.getByRole("button", { name: "Recreate the sample shop" }).click();
  await expect(page.locator("page-rows")).toContainText("of 780", PATIENCE);
});

test("where the tab that has it gives no answer, one may wait, or work in memory, which closing asks about", async ({
  page,
  visitor,
}) => {
  // As a tab whose process stands still: the lock of the files is held, and nobody answers.
  const still = await page.context().newPage();
  await still.goto("/favicon.svg");
  await still.evaluate(
    () => void navigator.locks.request("isopool-opfs:shop", () => new Promise(() => undefined)).catch(() => undefined),
  );
  await page.goto("/#try/console");
  const title = page.getByRole("heading", { name: "A tab that gives no answer has this database open" });
  await expect(title).toBeVisible(PATIENCE);
  await page.getByRole("button", { name: "Work in memory" }).click();
  await expect(page.getByRole("banner")).toContainText("in memory");
  await visitor.run("delete from reviews");
  const asked = new Promise<string>((resolve) =>
    page.once("dialog", (dialog) => {
      resolve(dialog.type());
      void dialog.dismiss();
    }),
  );
  await page.close({ runBeforeUnload: true });
  expect(await asked).toBe("beforeunload");
  await still.close();
  await visitor.goTo("Files");
  await page.getByRole("button", { name: "New empty database" }).click();
  await expect(page.getByText("new.sqlite is open, with 0 tables.")).toBeVisible();
});
