// What a page loads for its sessions to get over `await`: the provider, the patches and the frames, as `vite build` leaves them.

import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { build, type Rollup } from "vite";
import { isopool } from "../../../src/carrier/vite.ts";

const runtime = join(import.meta.dirname, "../../../src/carrier/runtime");
const folder = realpathSync(mkdtempSync(join(tmpdir(), "isopool-size-")));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MOST_BYTES = 1550;

const PAGE = `import { browserContext } from "isopool/browser-context";
globalThis.context = browserContext();
globalThis.load = async (url) => { const response = await fetch(url); return response.text(); };
`;

async function built(source: string, plugins = [isopool()]): Promise<string> {
  writeFileSync(join(folder, "main.js"), source);
  const mode = process.env["NODE_ENV"] ?? "";
  // vitest says `test`, for which nothing is left away.
  process.env["NODE_ENV"] = "production";
  const result = await build({
    root: folder,
    configFile: false,
    logLevel: "silent",
    plugins,
    resolve: { alias: { "isopool/browser-context": join(runtime, "index.ts") } },
    build: { write: false, modulePreload: false, rolldownOptions: { input: join(folder, "main.js") } },
  }).finally(() => (process.env["NODE_ENV"] = mode));
  const [{ output }] = [result].flat() as unknown as [{ output: readonly Rollup.OutputChunk[] }];
  expect(output.length).toBe(1);
  return output[0]?.code ?? "";
}

test(`a page with the plugin loads at most ${MOST_BYTES} bytes for it, its own code included`, async () => {
  const code = await built(PAGE);
  expect(code).toContain("postTask");
  expect(code).toContain("isSuspended");
  expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(MOST_BYTES);
});

test("loops, generators, resources and keep() are loaded where they are used, and only there", async () => {
  const marks = ["asyncIterator", "asyncDispose", "species"];
  const marked = (code: string): string[] => marks.filter((mark) => code.includes(mark));
  expect(marked(await built(PAGE))).toEqual([]);
  const loop = "globalThis.read = async (rows, all) => { for await (const row of rows) all.push(row); };";
  expect(marked(await built(PAGE + loop))).toEqual(["asyncIterator"]);
});

test("a page that the plugin has not compiled keeps what gets over awaits without it", async () => {
  expect(await built(PAGE, [])).toContain("species");
});
