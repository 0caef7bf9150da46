// Promise: everything works without a pointer.

import type { Page } from "@playwright/test";
import { expect, test } from "./page-test.ts";

/** Presses Tab until what has the focus is called `name`. */
async function tabTo(page: Page, name: RegExp, key = "Tab"): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press(key);
    const label = await page.evaluate(() => {
      let element = document.activeElement;
      while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
      return (
        element?.getAttribute("aria-label") ?? element?.closest("label")?.textContent ?? element?.textContent ?? ""
      );
    });
    if (name.test(label.trim())) return;
  }
  throw new Error(`${key} never came to ${name}`);
}

const backTo = (page: Page, name: RegExp): Promise<void> => tabTo(page, name, "Shift+Tab");

test("a person with a keyboard alone tells a story, runs SQL, browses and reads lanes", async ({ page, visitor }) => {
  await visitor.open("Sessions");
  await tabTo(page, /^Skip to content/);
  await page.keyboard.press("Enter");
  await tabTo(page, /^Start one that fails/);
  await page.keyboard.press("Enter");
  await expect(page.locator(".outcome")).toContainText("The card was declined");
  await tabTo(page, /rolled back/);
  await expect(page.locator(".lane-details")).toContainText("rolls back");

  await backTo(page, /^Try/);
  await page.keyboard.press("Enter");
  await visitor.isReady();
  await tabTo(page, /^SQL$/);
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("select 6 * 7 as answer");
  await page.keyboard.press("Escape");
  await page.keyboard.press("ControlOrMeta+Enter");
  await expect(visitor.result(1)).toContainText("42");
  // Tab leads out of the editor.
  await tabTo(page, /^Run/);
  await tabTo(page, /^Chart/);

  await backTo(page, /^orders/);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("region", { name: "Rows of orders" })).toBeVisible();
  await tabTo(page, /^ordered_at/);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("columnheader", { name: "ordered_at" })).toHaveAttribute("aria-sort", "ascending");
  await tabTo(page, /^Next page/);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("navigation", { name: "Pages" })).toContainText("51–100");
});
