// Promise: each view is whole in light and dark, on a desk and on a phone; and the page keeps to its policy.

import { expect, expectAccessible, overflowOf, test, type Visitor } from "./page-test.ts";

const DEVICES = { desk: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } };

/** One visit for the views behind a door, in both schemes: to load the page costs more than to look at it. */
for (const [device, viewport] of Object.entries(DEVICES))
  test.describe(device, () => {
    test.use({ viewport, hasTouch: device === "phone" });

    const look = async ({ page }: Visitor, shoot: (name: string) => Promise<void>, name: string): Promise<void> => {
      expect(await overflowOf(page), `${name} is no wider than the screen`).toBe(0);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        await shoot(`${name}-${device}-${colorScheme}`);
        // On a phone the colours are those of the desk.
        if (device === "desk" || colorScheme === "dark") await expectAccessible(page);
      }
    };

    test("Why is whole in light and dark: its width, names, roles and contrast", async ({ page, visitor, shoot }) => {
      await visitor.open("Why");
      // It begins when the eye arrives.
      await page.locator(".sides").first().scrollIntoViewIfNeeded();
      await expect(page.locator("#side-ours .outcome")).toHaveText(/books/, { timeout: 120_000 });
      await expect(page.locator("#side-usual .outcome")).toHaveText(/books|Customers|Connections/, {
        timeout: 120_000,
      });
      await look(visitor, shoot, "why");
    });

    test("Watch is whole in light and dark: its width, names, roles and contrast", async ({ page, visitor, shoot }) => {
      await visitor.open("Sessions");
      await visitor.tell("Start competing sessions");
      await page.locator(".lane-name").nth(2).focus();
      await look(visitor, shoot, "sessions");
      await visitor.goTo("Context");
      await page.getByRole("button", { name: "Run both builds" }).focus();
      await page.keyboard.press("Enter");
      for (const card of ["With the plugin", "Without it"])
        await expect(page.getByRole("region", { name: card }).locator(".verdict")).toContainText("Both");
      await look(visitor, shoot, "context");
    });

    test("Try is whole in light and dark: its width, names, roles and contrast", async ({ page, visitor, shoot }) => {
      await visitor.open("Console");
      await visitor.run("select * from products limit 20; select frm;");
      await expect(visitor.result(1)).toBeVisible();
      await look(visitor, shoot, "console");
      await visitor.look("orders");
      await expect(page.locator("page-rows tbody tr").first()).toBeVisible();
      await look(visitor, shoot, "tables");
      await visitor.goTo("Files");
      await look(visitor, shoot, "files");
    });
  });

test.describe("on the narrowest screens", () => {
  test.use({ viewport: { width: 320, height: 640 } });

  test("no view is wider than 320 pixels", async ({ page, visitor, shoot }) => {
    for (const view of ["Why", "Sessions", "Worker", "Context", "Console", "Rows", "Files"] as const) {
      await (view === "Why" ? visitor.open(view) : visitor.goTo(view));
      await shoot(`narrow-${view}`);
      expect(await overflowOf(page), `${view} is no wider than the screen`).toBe(0);
    }
  });
});

test("where the system chooses the colours, one tab alone is underlined, and lanes can be told apart", async ({
  page,
  visitor,
  shoot,
}) => {
  await page.emulateMedia({ forcedColors: "active" });
  await visitor.open("Sessions");
  await visitor.tell("Start one that fails");
  await shoot("forced-colours");
  const borders = await page
    .locator(".views a")
    .evaluateAll((all) => all.map((link) => getComputedStyle(link).borderBottomColor));
  const ground = await page.evaluate(() => getComputedStyle(document.querySelector(".top")!).backgroundColor);
  expect(borders.filter((colour) => colour !== ground)).toHaveLength(1);
});

test("where motion is not wanted nothing scrolls by itself", async ({ page, visitor }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.setViewportSize({ width: 390, height: 844 });
  await visitor.open("Sessions");
  await page.evaluate(() => {
    Object.assign(globalThis, { scrolls: [] });
    const original = Element.prototype.scrollIntoView;
    Element.prototype.scrollIntoView = function (options) {
      (globalThis as unknown as { scrolls: unknown[] }).scrolls.push((options as ScrollIntoViewOptions)?.behavior);
      original.call(this, options);
    };
  });
  await visitor.tell("Start one that fails");
  const scrolls = await page.evaluate(() => (globalThis as unknown as { scrolls: unknown[] }).scrolls);
  expect(scrolls).toEqual(["auto"]);
});

test("pointing at a lane moves nothing", async ({ page, visitor }) => {
  await visitor.open("Sessions");
  await visitor.tell("Start one that fails");
  const below = page.locator("#told-title");
  const before = await below.boundingBox();
  await page.locator(".lane").first().hover();
  await expect(page.locator(".lane-details h3")).toBeVisible();
  expect((await below.boundingBox())?.y).toBe(before?.y);
});

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
