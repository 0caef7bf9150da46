// Bundling the way the users' tools do.

import { build as esbuild } from "esbuild";
import { build as vite, type Rollup } from "vite";

interface Bundle {
  readonly code: string;
  readonly warnings: readonly string[];
}

/** As wrangler bundles a Worker: its conditions, one file, the runtime's own modules and WebAssembly left outside. */
export async function bundleWorker(entry: string): Promise<Bundle> {
  const { outputFiles, warnings } = await esbuild({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    mainFields: ["browser", "module", "main"],
    external: ["node:*", "cloudflare:*", "*.wasm"],
    logLevel: "silent",
  });
  return { code: outputFiles[0]?.text ?? "", warnings: warnings.map(({ text }) => text) };
}

/** As a program for Node is bundled into one file. */
export async function bundleForNode(entry: string): Promise<string> {
  const { outputFiles } = await esbuild({
    entryPoints: [entry],
    ...({ bundle: true, write: false, format: "esm", platform: "node", target: "node20", logLevel: "silent" } as const),
  });
  return outputFiles[0]?.text ?? "";
}

/** As `vite build` bundles a page's script. */
export async function bundlePage(folder: string, entry: string): Promise<Bundle> {
  const warnings: string[] = [];
  const mode = process.env["NODE_ENV"] ?? "";
  // vitest says `test`; Vite then leaves a module that no browser has for the page to find out, and does not warn.
  process.env["NODE_ENV"] = "production";
  const result = await vite({
    root: folder,
    configFile: false,
    logLevel: "silent",
    build: {
      write: false,
      modulePreload: false,
      rolldownOptions: { input: entry, onLog: (_level, { message }) => void warnings.push(message) },
    },
  }).finally(() => (process.env["NODE_ENV"] = mode));
  const [{ output } = { output: [] }] = [result].flat() as {
    output: readonly (Rollup.OutputChunk | Rollup.OutputAsset)[];
  }[];
  const chunks = output.filter((each): each is Rollup.OutputChunk => each.type === "chunk");
  return { code: chunks.map(({ code }) => code).join("\n"), warnings };
}
