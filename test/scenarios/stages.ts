// Where the scenarios are played: bundled as users bundle them, in a process, a page, a web worker or a Worker of their own.

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { chromium } from "@playwright/test";
import { build, type Rollup } from "vite";
import { isopool } from "../../src/carrier/vite.ts";
import { startWorkerd } from "../runtime/workerd.ts";
import { browserPath } from "../setup/ensure-browser.mjs";
import { watchConsoles } from "../setup/secrets.ts";

export interface BundleOptions {
  /** Whether it goes through the plugin. */
  readonly isCarried?: boolean;
  /** Of the language; default the newest. */
  readonly target?: string;
}

const root = join(import.meta.dirname, "..", "..");
/** sql.js for browsers; the pages have it at `/sql-wasm-browser.wasm`. */
const WASM = join(root, "node_modules/sql.js/dist/sql-wasm-browser.wasm");

/** Bundles a module that is given as text; it imports from `test/scenarios`, and from `src` as a package. */
export async function bundle(source: string, { isCarried = false, target = "esnext" }: BundleOptions): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "isopool-scenarios-"));
  try {
    const entry = join(folder, "entry.js");
    writeFileSync(entry, source);
    const result = await build({
      root: folder,
      configFile: false,
      logLevel: "silent",
      plugins: isCarried ? [isopool()] : [],
      resolve: {
        alias: {
          "isopool/carrier-runtime": join(root, "src/carrier/runtime/abi.ts"),
          "isopool/browser-context": join(root, "src/carrier/runtime/index.ts"),
          isopool: join(root, "src/index.ts"),
          scenarios: import.meta.dirname,
          "zone.js": join(root, "node_modules/zone.js"),
          "sql.js": join(root, "node_modules/sql.js/dist/sql-wasm-browser.js"),
        },
      },
      build: {
        write: false,
        target,
        minify: false,
        modulePreload: false,
        rolldownOptions: {
          input: entry,
          external: /^node:/,
          preserveEntrySignatures: "strict",
          output: { codeSplitting: false },
        },
      },
    });
    const [{ output }] = [result].flat() as unknown as [
      { output: readonly (Rollup.OutputChunk | Rollup.OutputAsset)[] },
    ];
    return output.map((each) => (each.type === "chunk" ? each.code : "")).join("");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What `play()`, exported by the bundle, gives as JSON. */
export type Stage = (code: string) => Promise<unknown>;

export const inNode: Stage = async (code) => {
  const folder = mkdtempSync(join(tmpdir(), "isopool-scenarios-"));
  try {
    writeFileSync(join(folder, "bundle.mjs"), code);
    const script = 'import { play } from "./bundle.mjs"; console.log(JSON.stringify(await play())); process.exit();';
    writeFileSync(join(folder, "main.mjs"), script);
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, "main.mjs")]);
    return JSON.parse(stdout);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const PAGE = `<!doctype html><meta charset="utf-8"><title>Scenarios</title>`;
const IN_WORKER = 'import { play } from "/bundle.js"; play().then(postMessage);';

/** Serves the bundle, and a page for it: an origin of its own, which locks and IndexedDB ask for. */
async function serve(code: string): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const files: Record<string, [type: string, content: string | Buffer]> = {
    "/": ["text/html", PAGE],
    "/bundle.js": ["text/javascript", code],
    "/worker.js": ["text/javascript", IN_WORKER],
    "/sql-wasm-browser.wasm": ["application/wasm", readFileSync(WASM)],
  };
  const server = createServer(({ url = "/" }, response) => {
    const [type, content] = files[url] ?? ["text/plain", ""];
    response.setHeader("Content-Type", type).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function inPage(code: string, expression: string): Promise<unknown> {
  const { url, stop } = await serve(code);
  const executablePath = browserPath();
  const browser = await chromium.launch({
    ...(executablePath !== undefined && { executablePath }),
    // Chromium looks up its maker's servers at start, and a machine without a network waits for them.
    args: ["--host-resolver-rules=MAP * ^NOTFOUND , EXCLUDE 127.0.0.1"],
  });
  try {
    const page = await browser.newPage();
    watchConsoles(page.context());
    await page.goto(url);
    // As text, and through one native promise: Playwright's own promises in the page are none of the scenarios' business.
    return JSON.parse(await page.evaluate<string>(`${expression}.then((result) => JSON.stringify(result))`));
  } finally {
    await browser.close();
    await stop();
  }
}

export const inChromium: Stage = (code) => inPage(code, 'import("/bundle.js").then(({ play }) => play())');

export const inWebWorker: Stage = (code) =>
  inPage(
    code,
    `new Promise((resolve, reject) => {
      const worker = new Worker("/worker.js", { type: "module" });
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
    })`,
  );

export const inWorkerd: Stage = async (code) => {
  const script = `${code.replace(/export\s*\{\s*play\s*\};?/, "")}
export default { fetch: async () => Response.json(await play()) };`;
  const workerd = await startWorkerd({ script, compatibilityFlags: ["nodejs_als"] });
  try {
    const response = await fetch(workerd.url);
    if (!response.ok) throw new Error(`${await response.text()}\n${workerd.log()}`);
    return await response.json();
  } finally {
    await workerd.stop();
  }
};
