// Promise: everything works without a pointer, and without eyes.

import { AxeBuilder } from "@axe-core/playwright";
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

for (const view of ["Why", "Sessions", "Console", "Rows", "Files"] as const) {
  for (const scheme of ["light", "dark"] as const) {
    test(`${view}, ${scheme}: names, roles and contrast are in order`, async ({ page, visitor }) => {
      await page.emulateMedia({ colorScheme: scheme });
      await visitor.open(view);
      if (view === "Sessions") await visitor.tell("Start one that fails");
      if (view === "Console") await visitor.run("select * from products; select frm;");
      if (view === "Rows") await expect(page.locator("tbody tr").first()).toBeVisible();
      const { violations } = await new AxeBuilder({ page }).analyze();
      const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
      expect(told).toEqual([]);
    });
  }
}
