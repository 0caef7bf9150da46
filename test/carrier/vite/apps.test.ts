// Vite 7 and 8, as they are worked with: React, Vue and Svelte in a build and in the dev server, a web worker, an edit. In Chromium.

import { type Browser, chromium, type Page } from "@playwright/test";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browserPath } from "../../setup/ensure-browser.mjs";
import { watchConsoles } from "../../setup/secrets.ts";
import { APPS, type Apps, apps } from "./apps.ts";
import { LOOKS } from "./project.ts";

/** Two flows, of somebody and of nobody, and two looks of the component's own. */
const KEPT = `kept ${2 * LOOKS + 2}`;

let browser: Browser;
beforeAll(async () => {
  const executablePath = browserPath();
  browser = await chromium.launch({
    ...(executablePath !== undefined && { executablePath }),
    args: ["--host-resolver-rules=MAP * ^NOTFOUND , EXCLUDE 127.0.0.1"],
  });
});
afterAll(() => browser.close());

/** What each application shows once its button was clicked. */
async function clicked(page: Page, label: string): Promise<string[]> {
  const buttons = APPS.map((name) => page.locator(`#${name} button`, { hasText: label }));
  for (const button of buttons) await button.click();
  const shown = (button: (typeof buttons)[number]) => button.filter({ hasText: /kept|lost/ }).innerText();
  return Promise.all(buttons.map(shown));
}

const all = (label: string): string[] => APPS.map(() => `${label} ${KEPT}`);

describe.each([
  ["Vite 7", "vite-7"],
  ["Vite 8", "vite"],
])("%s", (_name, installed) => {
  let project: Apps;
  let page: Page;
  beforeAll(async () => {
    project = await apps(installed);
    page = await browser.newPage();
    watchConsoles(page.context());
    page.setDefaultTimeout(15_000);
  });
  afterAll(async () => {
    await page.close();
    project.remove();
  });

  async function visit(resolvedUrls: { readonly local: readonly string[] } | null): Promise<void> {
    const { port } = new URL(resolvedUrls?.local[0] ?? "");
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.waitForFunction("globalThis.loads > 0");
  }

  /** A carried function's text, in a worker that is made of it and in a page that a test drives. */
  async function expectTextToRun(): Promise<void> {
    expect(await page.evaluate("inTextWorker(3)")).toBe(8);
    const text = await page.evaluate<string>("String(work)");
    const other = await browser.newPage();
    expect(await other.evaluate(`(${text})(3)`)).toBe(8);
    await other.close();
  }

  test("a build keeps the context in each framework's components, in dependencies and in a worker", async () => {
    const settings = { ...(await project.settings()), preview: { host: "127.0.0.1", port: 0 } };
    const result = await project.vite.build(settings);
    // A build is told that it is carried: what gets over awaits without the plugin is left away.
    const [{ output }] = [result].flat() as unknown as [{ output: { type: string; code: string }[] }];
    const code = output.map((each) => (each.type === "chunk" ? each.code : "")).join("");
    expect([code.includes("isSuspended"), code.includes("species")]).toEqual([true, false]);
    const server = await project.vite.preview(settings);
    try {
      await visit(server.resolvedUrls);
      expect(await clicked(page, "first")).toEqual(all("first"));
      expect(await page.evaluate("inWorker('W')")).toBe(KEPT);
      await expectTextToRun();
    } finally {
      await server.close();
    }
  });

  test("the dev server does, in what it has bundled ahead, and behind an edit without a new page", async () => {
    const server = await project.vite.createServer({
      ...(await project.settings()),
      server: { host: "127.0.0.1", port: 0, fs: { strict: false } },
      optimizeDeps: { include: ["esm-dep", "cjs-dep", "react-dom/client", "react/jsx-dev-runtime", "vue", "svelte"] },
    });
    await server.listen();
    try {
      await visit(server.resolvedUrls);
      expect(await clicked(page, "first")).toEqual(all("first"));
      expect(await page.evaluate("inWorker('W')")).toBe(KEPT);
      await expectTextToRun();
      for (const name of APPS) project.edit(name, "first", "second");
      expect(await clicked(page, "second")).toEqual(all("second"));
      expect(await page.evaluate("loads")).toBe(1);
      // What is rendered on a server is left as it is.
      const { client, ssr } = server.environments;
      const rendered = [await client.transformRequest("/flow.ts"), await ssr?.transformRequest("/flow.ts")];
      expect(rendered.map((each) => each?.code.includes("$cx"))).toEqual([true, false]);
    } finally {
      await server.close();
    }
  });
});
