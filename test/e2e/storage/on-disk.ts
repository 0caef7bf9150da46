// The `test` of stored databases: a Chromium whose profile is on the disk, and a page that does what it is asked.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, expect, type Page, test as base } from "@playwright/test";
import type { Order } from "./program.ts";
import { serve, type TestServer } from "./server.ts";

export interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly code?: string; readonly details?: unknown; readonly cause?: unknown };
}

type Where = "inPage" | "inWorker";

export function ask(page: Page, where: Where, order: Order): Promise<Answer> {
  return page.evaluate(
    ([where, order]) => (globalThis as unknown as Record<Where, (order: Order) => Promise<Answer>>)[where](order),
    [where, order] as const,
  );
}

export const test = base.extend<{ server: TestServer; profile: string; disk: BrowserContext }>({
  server: async ({ browserName }, use) => {
    expect(browserName).toBe("chromium");
    await using server = await serve();
    await use(server);
  },
  profile: async ({ browserName }, use) => {
    const folder = await mkdtemp(join(tmpdir(), `isopool-${browserName}-`));
    await use(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  },
  // Contexts of Playwright are in memory: this one is on the disk.
  disk: async ({ profile, launchOptions }, use) => {
    const context = await chromium.launchPersistentContext(profile, launchOptions);
    await use(context);
    await context.close();
  },
});

export async function visit(disk: BrowserContext, server: TestServer): Promise<Page> {
  const page = await disk.newPage();
  await page.goto(server.url);
  return page;
}
