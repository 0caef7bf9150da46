// The dev server with the plugin: sources as they are asked for, dependencies once, what has changed anew.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createServer, type ViteDevServer } from "vite";
import { isopool } from "../../../src/carrier/vite.ts";
import { type Project, project, settings } from "./project.ts";

let page: Project;
let server: ViteDevServer;
beforeAll(async () => {
  page = project();
  server = await createServer({
    ...settings(page.root, isopool()),
    server: { middlewareMode: true, ws: false, watch: null },
    optimizeDeps: { include: ["esm-dep", "cjs-dep"] },
  });
  await server.environments.client.depsOptimizer?.init();
});
afterAll(async () => {
  await server.close();
  page.remove();
});

async function served(url: string): Promise<string> {
  return (await server.environments.client.transformRequest(url))?.code ?? "";
}

test("a source is carried when it is asked for, with a map to the author's text", async () => {
  const result = await server.environments.client.transformRequest("/flow.ts");
  expect(result?.code).toContain("$cx.b(await $cx.l(");
  expect(result?.code).toMatch(/import\{enter as \$cxe\}from"[^"]*\/carrier\/runtime\/abi\.[jt]s/);
  expect(result?.map).toMatchObject({ sourcesContent: [expect.stringContaining("attempt: number")] });
});

test("a source that imports nothing gets no `require`, which a browser does not have", async () => {
  page.write(
    "alone.js",
    "// The module of the page: it exports nothing.\nglobalThis.load = async () => { await null; };\n",
  );
  const code = await served("/alone.js");
  expect(code).toMatch(/^import\{enter as \$cxe\}from"[^"]*\/carrier\/runtime\/abi\.[jt]s/);
  expect(code).not.toContain("require");
});

test("dependencies are carried where they are bundled ahead, and once", async () => {
  await served("/flow.ts");
  const folder = join(page.root, "node_modules/.vite/deps");
  await expect.poll(() => readdirSync(folder)).toContain("esm-dep.js");
  for (const [name, awaits] of [
    ["esm-dep.js", 2],
    ["cjs-dep.js", 1],
  ] as const) {
    // A bundle calls them by their own names, and CommonJS by the ones that were put in.
    const kept = readFileSync(join(folder, name), "utf8");
    expect(kept.split(/await \$cx\.l\(/).length - 1).toBe(awaits);
    expect(kept.split("await").length - 1).toBe(awaits);
    const code = await served(`/node_modules/.vite/deps/${name}`);
    expect(code.split("$cx.l(").length).toBe(kept.split("$cx.l(").length);
  }
});

test("what has changed is carried anew", async () => {
  expect(await served("/lazy.ts")).toContain("$cx.l( null)");
  page.write("lazy.ts", "export const lazy = async (see: () => void): Promise<void> => { await undefined; see(); };");
  const graph = server.environments.client.moduleGraph;
  graph.onFileChange(join(page.root, "lazy.ts"));
  expect(await served("/lazy.ts")).toContain("$cx.l( undefined)");
});

test("the run-time half and Vite's own client are left as they are", async () => {
  expect(await served("/@vite/client")).not.toContain("$cx");
  const runtime = await server.environments.client.pluginContainer.resolveId("isopool/carrier-runtime");
  expect(await served(runtime?.id.replace(/settled|abi/, "settled") ?? "")).not.toContain("$cx");
});
