// Promise: the page makes its point by itself: the usual code fails on the same orders in every run, and isopool in none; however it is
// broken, nothing is lost, leaked or dirty, and what is not known is said to be.

import type { Page } from "@playwright/test";
import { expect, test } from "./page-test.ts";

type Side = "usual" | "ours";

async function isOver(page: Page, side: Side): Promise<void> {
  await expect(page.locator(`#side-${side} .outcome`)).toHaveText(/books|Customers|Connections|refused/, {
    timeout: 120_000,
  });
}

/** The numbers of a side, by their names. */
async function counts(page: Page, side: Side): Promise<Record<string, string>> {
  await isOver(page, side);
  const entries = page.locator(`#side-${side} .stats > div`);
  const pairs = await entries.evaluateAll((all) =>
    all.map((entry) => [
      entry.querySelector("dt")!.textContent,
      entry.querySelector("dd")!.textContent + (entry.querySelector(".hint")?.textContent ?? ""),
    ]),
  );
  return Object.fromEntries(pairs) as Record<string, string>;
}

const numbersOf = (found: Record<string, string>, names: readonly string[]): number[] =>
  names.map((name) => Number.parseFloat(found[name]!.replace("€", "")));

const WRONG = ["Refused", "Orders lost", "Dirty", "Money made up", "Leaked"];

async function expectRight(page: Page, unknown: number, sold: number): Promise<void> {
  const ours = await counts(page, "ours");
  expect(numbersOf(ours, WRONG)).toEqual([0, 0, 0, 0, 0]);
  expect(numbersOf(ours, ["Sold", "Unknown"])).toEqual([sold, unknown]);
}

test("it runs when one arrives: the shared client fails at the books, isopool does not", async ({
  page,
  visitor,
  shoot,
}) => {
  await visitor.open("Why");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("A database session for every request");
  await expect(page.getByText("npm i isopool")).toBeVisible();
  await expectRight(page, 0, 20);
  const usual = await counts(page, "usual");
  const [refused, lost, dirty, madeUp] = numbersOf(usual, WRONG) as [number, number, number, number];
  expect(refused).toBeGreaterThan(5);
  expect(lost + dirty + Math.abs(madeUp)).toBeGreaterThan(0);
  await expect(page.getByRole("figure")).toContainText(/the usual way 5 round trips[\s\S]+isopool 2 round trips/);
  await shoot("why-desk");
  // The code that is shown is the code that runs.
  await page.locator("#side-usual summary").click();
  await expect(page.getByRole("region", { name: "The code of this side: The usual way" })).toContainText(
    'query("BEGIN")',
  );
});

/** Wrong beyond orders that were refused: in the books, or for good. */
async function expectWrong(page: Page): Promise<void> {
  const found = numbersOf(await counts(page, "usual"), ["Orders lost", "Dirty", "Money made up", "Leaked"]);
  expect(found.reduce((sum, number) => sum + Math.abs(number), 0)).toBeGreaterThan(0);
}

test("a pool by hand leaks, and its good orders are refused", async ({ page, visitor }) => {
  await visitor.open("Why");
  await page.getByRole("button", { name: "A pool by hand" }).click();
  const usual = await counts(page, "usual");
  for (const wrong of numbersOf(usual, ["Leaked", "Refused"])) expect(wrong).toBeGreaterThan(0);
  await expectRight(page, 0, 20);
  await page.locator("#side-usual summary").click();
  await expect(page.getByRole("region", { name: "The code of this side: The usual way" })).toContainText("max = 4");
});

for (const [title, unknown, sold] of [
  ["Kill a connection", 0, 20],
  ["Lose the answer to a COMMIT", 1, 19],
  ["A customer leaves", 0, 19],
  ["Restart the server", 0, 20],
] as const)
  test(`${title}: isopool's ledger stays at nothing lost, leaked or dirty, and both usual ways fail`, async ({
    page,
    visitor,
  }) => {
    await visitor.open("Why");
    for (const way of ["One shared client", "A pool by hand"]) {
      // Chosen anew, it begins anew.
      await page.getByRole("button", { name: way }).click();
      await page.getByRole("button", { name: title }).click();
      await expectWrong(page);
      if (title === "Restart the server") {
        // Where a COMMIT was on its way just then, its order is unknown, and said to be.
        const ours = await counts(page, "ours");
        const [isSold, isUnknown] = numbersOf(ours, ["Sold", "Unknown"]) as [number, number];
        expect(isSold + isUnknown).toBe(20);
      } else await expectRight(page, unknown, sold);
      await expect(page.locator(".ledger")).toContainText(/0 lost\s+0 leaked\s+0 dirty\s+\d+ unknown and reported so/);
    }
    if (unknown > 0) await expect(page.locator(".ledger")).toContainText("2 unknown and reported so");
  });

test("what is broken strikes, however late in a round it is asked for", async ({ page, visitor }) => {
  await visitor.open("Why");
  for (const lateMs of [200, 400, 600, 800]) {
    await page.getByRole("button", { name: "Place the orders again" }).click();
    await page.waitForTimeout(lateMs);
    await page.getByRole("button", { name: "A customer leaves" }).click();
    await expectRight(page, 0, 19);
  }
});

test("the sliders and the network are the workload's", async ({ page, visitor }) => {
  await visitor.open("Why");
  await page.getByRole("button", { name: "0 ms", exact: true }).click();
  await page.getByRole("slider", { name: /Orders at once/ }).fill("12");
  await page.getByRole("slider", { name: /Connections at most/ }).fill("3");
  await expectRight(page, 0, 10);
  await page.locator("#side-ours summary").click();
  await expect(page.getByRole("region", { name: "The code of this side: isopool" })).toContainText("pool = { max: 3,");
});
