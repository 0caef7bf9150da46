// The page as it is shipped, in a real Chromium: `npm run test:e2e`.

import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { defineConfig } from "@playwright/test";

// Plain JavaScript without types; as a variable, so that the compiler does not look for them.
const setup = "../setup/ensure-browser.mjs";
const { browserPath } = (await import(setup)) as { browserPath(): string | undefined };

// The config is read in every worker: the first to read it chooses, and the others inherit the choice.
const port = (process.env["ISOPOOL_E2E_PORT"] ??= String(await freePort()));
const executablePath = browserPath();

export default defineConfig({
  outputDir: "../../test-results/e2e",
  fullyParallel: true,
  forbidOnly: process.env["CI"] !== undefined,
  workers: 2,
  timeout: 300_000,
  expect: { timeout: 30_000 },
  reporter: "list",
  use: {
    baseURL: `http://127.0.0.1:${port}`,
    viewport: { width: 1280, height: 860 },
    launchOptions: {
      ...(executablePath !== undefined && { executablePath }),
      args: [
        // Chromium looks up its maker's servers at start, and a machine without a network waits for them.
        "--host-resolver-rules=MAP * ^NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1",
        // Where no graphics card is, to play one in software takes a fifth of the tests' time.
        "--disable-gpu",
        "--disable-software-rasterizer",
        // A page lives for seconds, and to optimize SQLite for it took half of the processor time that it had. A larger budget
        // for what runs before that did not keep Chromium 156 from it.
        "--js-flags=--liftoff-only",
      ],
    },
    actionTimeout: 30_000,
    // A trace doubles the work of every test, of those too that pass: `--trace retain-on-failure` when one must be understood.
    trace: "off",
    screenshot: "only-on-failure",
  },
  webServer: {
    command: `npx vite build --logLevel warn && npx vite preview --port ${port} --strictPort`,
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    url: `http://127.0.0.1:${port}`,
    timeout: 300_000,
    // It ends what it has started, and removes what that has written.
    gracefulShutdown: { signal: "SIGTERM", timeout: 10_000 },
  },
});

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
