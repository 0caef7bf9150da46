// The `test` of these tests: the page, open and ready, and a failure for whatever it complains about.

import { readFile } from "node:fs/promises";
import { AxeBuilder } from "@axe-core/playwright";
import { type Download, expect, type Locator, type Page, test as base } from "@playwright/test";
import { leaksOf } from "./leaks.ts";

/** Where the page's views are. */
const VIEWS = {
  Why: { hash: "", door: "Why", nav: "", link: "" },
  Sessions: { hash: "#watch/sessions", door: "Watch", nav: "What to watch", link: "This page's database" },
  Worker: { hash: "#watch/worker", door: "Watch", nav: "What to watch", link: "A Worker" },
  Context: { hash: "#watch/context", door: "Watch", nav: "What to watch", link: "Context" },
  Console: { hash: "#try/console", door: "Try", nav: "Workbench", link: "Console" },
  Rows: { hash: "#try/rows", door: "Try", nav: "Workbench", link: "Rows" },
  Files: { hash: "#try/files", door: "Try", nav: "Workbench", link: "Files" },
} as const;

/** What a person does on the page, in their words. */
export class Visitor {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  async open(view: keyof typeof VIEWS = "Sessions"): Promise<void> {
    await this.page.goto(`/${VIEWS[view].hash}`);
    await this.isReady();
  }

  async isReady(): Promise<void> {
    await expect(this.page.getByRole("main")).toHaveAttribute("aria-busy", "false", { timeout: 120_000 });
  }

  /** By the page's own links. */
  async goTo(view: keyof typeof VIEWS): Promise<void> {
    const { door, nav, link } = VIEWS[view];
    await this.page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: door }).click();
    await this.isReady();
    if (nav) await this.page.getByRole("navigation", { name: nav }).getByRole("link", { name: link }).click();
  }

  get editor(): Locator {
    return this.page.getByRole("textbox", { name: "SQL" });
  }

  /** As a person pastes over what is there; fill() would write into the editor's elements from outside. */
  async write(sql: string): Promise<void> {
    await this.editor.press("ControlOrMeta+a");
    if (sql === "") await this.editor.press("Delete");
    else await this.page.keyboard.insertText(sql);
  }

  /** Runs `sql` in the console and waits for its end. */
  async run(sql: string): Promise<void> {
    await this.write(sql);
    await this.editor.press("ControlOrMeta+Enter");
    await expect(this.summary).toHaveText(/ in |error|Stopped/, { timeout: 120_000 });
  }

  get summary(): Locator {
    return this.page.locator("page-console .summary");
  }

  result(number: number): Locator {
    return this.page.getByRole("region", { name: `Result ${number}`, exact: true });
  }

  /** The texts of a result's rows, without their numbers. */
  async rows(number = 1): Promise<string[][]> {
    const rows = this.result(number).locator("tbody tr");
    return rows.evaluateAll((all) =>
      all.map((row) => [...row.querySelectorAll("td")].slice(1).map((cell) => cell.textContent.trim())),
    );
  }

  /** Opens the rows of a table, from the list at the side. */
  async look(table: string): Promise<void> {
    await this.page.getByRole("navigation", { name: "Tables" }).getByRole("link", { name: table }).first().click();
    await expect(this.page.getByRole("heading", { name: table, exact: true })).toBeVisible();
  }

  /** One value out of the database, by a query in the console. */
  async ask(sql: string): Promise<string | undefined> {
    await this.goTo("Console");
    await this.run(sql);
    return (await this.rows(1))[0]?.[0];
  }

  async tell(story: string): Promise<string> {
    await this.page.getByRole("button", { name: story }).click();
    const outcome = this.page.locator(".outcome");
    await expect(outcome).toHaveText(/\S/);
    await expect(outcome).not.toHaveText("Running…", { timeout: 120_000 });
    return outcome.innerText();
  }
}

/** By how much the page is wider than its screen, in pixels. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** Names, roles and contrast are in order, as far as axe sees. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`)).toEqual([]);
}

export async function contentOf(download: Download): Promise<Buffer> {
  return readFile(await download.path());
}

interface Fixtures {
  readonly visitor: Visitor;
  readonly complaints: string[];
  /** What shows a secret or a parameter's value in a console: none may be left at the end. */
  readonly leaks: string[];
  readonly shoot: (name: string) => Promise<void>;
}

export const test = base.extend<Fixtures>({
  leaks: [
    async ({ context }, use) => {
      const leaks = leaksOf(context);
      await use(leaks);
      expect(leaks, "secrets or values in a console").toEqual([]);
    },
    { auto: true },
  ],

  complaints: [
    async ({ page }, use) => {
      const complaints: string[] = [];
      page.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
      });
      page.on("pageerror", (error) => complaints.push(`thrown: ${error.message}`));
      // A question that the page takes back, because a newer one was asked, has not failed.
      page.on("requestfailed", (request) => {
        if (request.failure()?.errorText !== "net::ERR_ABORTED") complaints.push(`request failed: ${request.url()}`);
      });
      page.on("response", (response) => {
        if (response.status() >= 400) complaints.push(`${response.status()}: ${response.url()}`);
      });
      await page.addInitScript(() => {
        document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sourceFile }) => {
          console.error(`policy violated: ${violatedDirective} ${blockedURI} in ${sourceFile}`);
        });
      });
      await use(complaints);
      expect(complaints, "the page's console is clean").toEqual([]);
    },
    { auto: true },
  ],

  visitor: async ({ page }, use) => {
    await use(new Visitor(page));
  },

  /** Keeps a picture of the view with the results; ISOPOOL_SHOTS names a folder to keep it in, to look at. */
  shoot: async ({ page }, use, info) => {
    await use(async (name) => {
      const folder = process.env["ISOPOOL_SHOTS"];
      const path = folder ? `${folder}/${name}.png` : info.outputPath(`${name}.png`);
      await page.screenshot({ path });
      await info.attach(name, { path, contentType: "image/png" });
    });
  },
});

export { expect };
