// The dev server with the plugin, as it is worked with: a page in Chromium, dependencies bundled ahead, a web worker, an edit.

import { join } from "node:path";
import { type Browser, chromium, type Page } from "@playwright/test";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createServer, type ViteDevServer } from "vite";
import { isopool } from "../../../src/carrier/vite.ts";
import { browserPath } from "../../setup/ensure-browser.mjs";
import { watchConsoles } from "../../setup/secrets.ts";
import { LOOKS, type Project, project, settings } from "./project.ts";

const repository = join(import.meta.dirname, "../../..");

const files: Record<string, string> = {
  "index.html":
    '<!doctype html><title>page</title><link rel="icon" href="data:,"><script type="module" src="/app.ts"></script>',
  "look.ts": `import { AsyncContext } from "isopool/browser-context";
const variable = new AsyncContext.Variable<string>();
export const look = (name: string | undefined, flow: (see: () => void) => Promise<void>): Promise<unknown[]> => {
  const seen: unknown[] = [];
  return variable.run(name, () => flow(() => seen.push(variable.get() ?? null))).then(() => seen);
};`,
  "edited.ts": "export { flow } from './flow.ts';",
  "app.ts": `import { flow } from "./edited.ts";
import { look } from "./look.ts";
const page = { flow, edits: 0, look: (name?: string) => look(name, page.flow), inWorker: (name: string) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./look-worker.ts", import.meta.url), { type: "module" });
    worker.onerror = () => reject(new Error("the worker did not start"));
    worker.onmessage = ({ data }) => { worker.terminate(); resolve(data); };
    worker.postMessage(name);
  }) };
Object.assign(globalThis, { page });
import.meta.hot!.accept("./edited.ts", (next) => { page.flow = next!.flow; page.edits++; });`,
  "look-worker.ts": `import { flow } from "./flow.ts";
import { look } from "./look.ts";
addEventListener("message", ({ data }) => void look(data, flow).then((seen) => postMessage(seen)));`,
};

let code: Project;
let server: ViteDevServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  code = project();
  for (const [name, text] of Object.entries(files)) code.write(name, text);
  server = await createServer({
    ...settings(code.root, isopool()),
    resolve: { alias: { "isopool/browser-context": join(repository, "src/carrier/runtime/index.ts") } },
    server: { host: "127.0.0.1", port: 0, strictPort: false, fs: { allow: [code.root, join(repository, "src")] } },
    optimizeDeps: { include: ["esm-dep", "cjs-dep"] },
  });
  await server.listen();
  const executablePath = browserPath();
  browser = await chromium.launch({
    ...(executablePath !== undefined && { executablePath }),
    args: ["--host-resolver-rules=MAP * ^NOTFOUND , EXCLUDE 127.0.0.1"],
  });
  page = await browser.newPage();
  watchConsoles(page.context());
  const { port } = new URL(server.resolvedUrls?.local[0] ?? "");
  await page.goto(`http://127.0.0.1:${port}/`);
  await page.waitForFunction("globalThis.page !== undefined");
});

afterAll(async () => {
  await browser.close();
  await server.close();
  code.remove();
});

/** What two flows at once, and one of nobody, see in the page. */
function seen(): Promise<unknown> {
  return page.evaluate("Promise.all([page.look('A'), page.look('B'), page.look()])");
}

const kept = (looks: number): unknown[] => ["A", "B", null].map((name) => Array.from({ length: looks }, () => name));

test("every look finds the context of its own flow: in sources, dependencies and what is loaded later", async () => {
  expect(await seen()).toEqual(kept(LOOKS));
});

test("a web worker keeps its context, too", async () => {
  expect(await page.evaluate("page.inWorker('W')")).toEqual(Array.from({ length: LOOKS }, () => "W"));
});

test("what was edited keeps its context, without a new page", async () => {
  code.write("edited.ts", "export const flow = async (see: () => void): Promise<void> => { await null; see(); };");
  await page.waitForFunction("globalThis.page.edits > 0");
  expect(await seen()).toEqual(kept(1));
});
