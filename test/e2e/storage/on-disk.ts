// The `test` of stored databases: a Chromium whose profile is on the disk, and a page that does what it is asked.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, expect, type Page, test as base } from "@playwright/test";
import { leaksOf } from "../leaks.ts";
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

export const test = base.extend<
  { server: TestServer; profile: string; disk: BrowserContext },
  { sharedDisk: { readonly context: BrowserContext; readonly leaks: string[] } }
>({
  // An origin of its own for each test: nothing that one has stored is there in the next.
  server: async ({ browserName }, use) => {
    expect(browserName).toBe("chromium");
    await using server = await serve();
    await use(server);
  },
  profile: async ({ browserName }, use) => {
    await using folder = await temporary(browserName);
    await use(folder.path);
  },
  // Contexts of Playwright are in memory: this one is on the disk. One for all tests of a worker, as it takes seconds to start.
  sharedDisk: [
    async ({ browserName, launchOptions }, use) => {
      await using folder = await temporary(browserName);
      const context = await chromium.launchPersistentContext(folder.path, launchOptions);
      await use({ context, leaks: leaksOf(context) });
      await context.close();
    },
    { scope: "worker" },
  ],
  disk: async ({ sharedDisk: { context, leaks } }, use) => {
    // The one that it begins with keeps the browser open.
    const [first] = context.pages();
    await use(context);
    for (const page of context.pages()) if (page !== first) await page.close();
    expect(leaks.splice(0), "secrets or values in a console").toEqual([]);
  },
});

async function temporary(name: string): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), `isopool-${name}-`));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}

export async function visit(disk: BrowserContext, server: TestServer): Promise<Page> {
  const page = await disk.newPage();
  await page.goto(server.url);
  return page;
}
