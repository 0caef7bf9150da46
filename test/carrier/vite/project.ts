// A page as a user has it: TypeScript, dependencies of both kinds, a chunk that is loaded later, and a web worker.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type InlineConfig, type PluginOption } from "vite";
import { isopool } from "../../../src/carrier/vite.ts";

const files: Record<string, string> = {
  "node_modules/esm-dep/package.json":
    '{ "name": "esm-dep", "version": "1.0.0", "type": "module", "exports": "./index.js" }',
  "node_modules/esm-dep/index.js": `export async function retry(work, times = 3) {
  for (let i = 0; ; i++) { await null; try { return await work(i); } catch (error) { if (i > times) throw error; } }
}`,
  "node_modules/cjs-dep/package.json": '{ "name": "cjs-dep", "version": "1.0.0", "main": "./index.js" }',
  "node_modules/cjs-dep/index.js": `'use strict'
module.exports = { async later(work) { await null; return work(); } };`,
  "index.html":
    '<!doctype html><title>page</title><link rel="icon" href="data:,"><script type="module" src="/page.ts"></script>',
  "page.ts": `import { flow } from "./flow.ts";
export { flow };
export const startWorker = () => new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
Object.assign(globalThis, { page: { flow, startWorker } });
if (import.meta.hot) import.meta.hot.accept();`,
  "flow.ts": `import { retry } from "esm-dep";
import { later } from "cjs-dep";

export async function flow(see: () => void): Promise<void> {
  await retry(async (attempt: number) => { await null; see(); if (attempt < 1) throw new Error("again"); });
  await later(async () => { see(); await null; see(); });
  see();
  const { lazy } = await import("./lazy.ts");
  await lazy(see);
}`,
  "lazy.ts": "export const lazy = async (see: () => void): Promise<void> => { await null; see(); };",
  "worker.ts": `import { flow } from "./flow.ts";
addEventListener("message", ({ data }) => (globalThis as any).inside(data, async () => {
  const seen: unknown[] = [];
  await flow(() => seen.push((globalThis as any).current()));
  postMessage(seen);
}));`,
};

/** How often `flow()` looks. */
export const LOOKS = 6;

export interface BuildChoices {
  /** Instead of the plugin as it is. */
  readonly carrier?: PluginOption;
  readonly minify?: boolean;
  readonly sourcemap?: boolean;
  /** Rendered on a server. Default false. */
  readonly ssr?: boolean;
  /** Default `"page.ts"`. */
  readonly entry?: string;
}

export interface Project {
  readonly root: string;
  write(name: string, text: string): void;
  /** Builds into a folder of its own, and gives the written files: the entry first. */
  build(choices?: BuildChoices): Promise<string[]>;
  load<Exports>(file: string): Promise<Exports>;
  remove(): void;
}

export function project(): Project {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "isopool-page-")));
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  };
  for (const [name, text] of Object.entries(files)) write(name, text);
  let builds = 0;
  return {
    root,
    write,
    async build({ carrier = isopool(), minify = false, sourcemap = false, ssr = false, entry = "page.ts" } = {}) {
      const outDir = join(root, `dist-${++builds}`);
      const output = { entryFileNames: "[name].mjs", chunkFileNames: "[name].mjs", assetFileNames: "[name].mjs" };
      const result = await build({
        ...settings(root, carrier),
        build: {
          outDir,
          ssr,
          minify,
          sourcemap,
          target: "esnext",
          modulePreload: false,
          rolldownOptions: { input: join(root, entry), preserveEntrySignatures: "strict", output },
        },
        worker: {
          format: "es",
          rolldownOptions: { output: { entryFileNames: "[name].mjs", chunkFileNames: "in-[name].mjs" } },
        },
      });
      const [first] = [result].flat() as { output: readonly { fileName: string }[] }[];
      return first?.output.map(({ fileName }) => join(outDir, fileName)) ?? [];
    },
    load: (file) => import(/* @vite-ignore */ pathToFileURL(file).href) as Promise<never>,
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** What a build and the dev server have in common. */
export function settings(root: string, carrier: PluginOption): InlineConfig {
  return { root, configFile: false, logLevel: "silent", plugins: [carrier] };
}
