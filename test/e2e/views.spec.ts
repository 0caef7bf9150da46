// Promise: each view is whole in light and dark, on a desk and on a phone; and the page keeps to its policy.

import { expect, test } from "./page-test.ts";

const DEVICES = { desk: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } };

for (const [device, viewport] of Object.entries(DEVICES)) {
  for (const scheme of ["light", "dark"] as const) {
    test.describe(`${device}, ${scheme}`, () => {
      test.use({ viewport, colorScheme: scheme, hasTouch: device === "phone" });

      test("every view fits its width", async ({ page, visitor, shoot }) => {
        await visitor.open("Sessions");
        await visitor.tell("Start competing sessions");
        await page.locator(".lane-name").nth(2).focus();
        await shoot(`sessions-${device}-${scheme}`);
        await visitor.goTo("Console");
        await visitor.editor.press("ControlOrMeta+Enter");
        await expect(visitor.result(1)).toBeVisible();
        await shoot(`console-${device}-${scheme}`);
        await visitor.look("orders");
        await expect(page.locator("page-rows tbody tr").first()).toBeVisible();
        await shoot(`tables-${device}-${scheme}`);
        await visitor.goTo("Files");
        await shoot(`files-${device}-${scheme}`);
        for (const view of ["Sessions", "Console", "Rows", "Files"] as const) {
          await visitor.goTo(view);
          const overflow = await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          );
          expect(overflow, `${view} is no wider than the screen`).toBe(0);
        }
      });
    });
  }
}

test("a chosen theme stays chosen on the next visit", async ({ page, visitor }) => {
  await visitor.open();
  await page.getByLabel("Theme").selectOption("dark");
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await paper();
  await page.reload();
  expect(await paper()).toBe(dark);
  await page.getByLabel("Theme").selectOption("light");
  expect(await paper()).not.toBe(dark);
});

test("the policy allows WebAssembly and the page's own files, and nothing else", async ({ page }) => {
  const response = await page.goto("/");
  const policy =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' https:; img-src 'self'; style-src 'self'; worker-src 'self'";
  expect(response?.headers()["content-security-policy"]).toBe(policy);
  await expect(page.locator('meta[http-equiv="Content-Security-Policy"]')).toHaveAttribute("content", policy);
  expect(await response?.text()).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
  expect(response?.headers()["cross-origin-embedder-policy"]).toBeUndefined();
});
