// The `test` of these tests: the page, open and ready, and a failure for whatever it complains about.

import { readFile } from "node:fs/promises";
import { type Download, expect, type Locator, type Page, test as base } from "@playwright/test";

/** What a person does on the page, in their words. */
export class Visitor {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  async open(view: "sessions" | "console" | "tables" | "files" | "worker" | "context" = "sessions"): Promise<void> {
    await this.page.goto(`/#${view}`);
    await expect(this.page.getByRole("main")).toHaveAttribute("aria-busy", "false");
  }

  async goTo(view: "Sessions" | "Console" | "Tables" | "Files" | "Worker" | "Context"): Promise<void> {
    await this.page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: view }).click();
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
    await expect(this.summary).toHaveText(/ in |error|Stopped/);
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
    await expect(outcome).not.toHaveText("Running…", { timeout: 10_000 });
    return outcome.innerText();
  }
}

export async function contentOf(download: Download): Promise<Buffer> {
  return readFile(await download.path());
}

export const test = base.extend<{ visitor: Visitor; complaints: string[]; shoot: (name: string) => Promise<void> }>({
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
