// Promise: where the page is served as files alone, the Worker's view shows a recorded run, and the others work.

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { expect, test } from "@playwright/test";

const TYPES: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** As any host of static files. */
async function serveFiles(folder: string): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const path = pathname === "/" ? "/index.html" : pathname;
    readFile(join(folder, path)).then(
      (content) => response.setHeader("content-type", TYPES[extname(path)] ?? "text/plain").end(content),
      () => response.writeHead(404, { "content-type": "text/html" }).end("<h1>Not found</h1>"),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

test("where nobody runs a Worker, a run that was recorded is shown and labelled so, and the others work", async ({
  page,
}, info) => {
  const server = await serveFiles(join(info.config.rootDir, "../../demo/dist"));
  try {
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/#watch/worker`);
    await expect(page.getByRole("heading", { name: "A recorded run" })).toBeVisible({ timeout: 120_000 });
    await expect(page.getByText(/recorded .+, not live/)).toBeVisible();
    await expect(page.getByRole("alert")).toHaveCount(0);
    await expect(page.getByRole("list", { name: "Requests, oldest first" }).getByRole("listitem")).toHaveCount(100);
    await page.getByRole("button", { name: "Look for a Worker again" }).click();
    await expect(page.getByRole("heading", { name: "A recorded run" })).toBeVisible();
    await page.getByRole("link", { name: "This page's database" }).click();
    await page.getByRole("button", { name: "Here and in a Worker at once" }).click();
    await expect(page.locator("page-sessions .lane").filter({ hasText: "libSQL, recorded" })).not.toHaveCount(0);
    await page.getByRole("link", { name: "Why", exact: true }).click();
    await page.getByRole("button", { name: "Place the orders in a Worker" }).click();
    await expect(page.getByText(/recorded .+, not live: no Worker is served here/)).toBeVisible();
    await expect(page.locator("#side-worker-ours .outcome")).toHaveText(/The books are right/);
    await expect(page.locator("#side-worker-usual .outcome")).toHaveText("Good orders were refused.");
    await page.getByRole("link", { name: "Try", exact: true }).click();
    await expect(page.getByRole("heading", { name: "Console" })).toBeVisible();
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
