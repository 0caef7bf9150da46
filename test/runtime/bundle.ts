// Bundling the way the users' tools do.

import { builtinModules } from "node:module";
import { build as esbuild, type Plugin } from "esbuild";
import { build as vite, type Rollup } from "vite";

interface Bundle {
  readonly code: string;
  readonly warnings: readonly string[];
}

/** As wrangler does with `nodejs_compat`: CommonJS packages ask for Node's modules by require(), which Workers have not. */
const nodeModules: Plugin = {
  name: "node-modules",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^(${builtinModules.join("|")})$`) }, ({ path, kind }) =>
      kind === "require-call" ? { path, namespace: "node" } : { path: `node:${path}`, external: true },
    );
    onLoad({ filter: /.*/, namespace: "node" }, ({ path }) => ({
      contents: `import all from "node:${path}"; export * from "node:${path}"; export default all;`,
    }));
  },
};

/** As wrangler bundles a Worker: its conditions, one file, the runtime's own modules and WebAssembly left outside. */
export async function bundleWorker(entry: string, plugins: readonly Plugin[] = []): Promise<Bundle> {
  const { outputFiles, warnings } = await esbuild({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    mainFields: ["browser", "module", "main"],
    external: ["node:*", "cloudflare:*", "*.wasm", "pg-native"],
    plugins: [...plugins, nodeModules],
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
