// The same plugin for other bundlers: as it is for those with Rollup's hooks, through unplugin for the others.

import { join } from "node:path";
import { build as esbuild } from "esbuild";
import { createUnplugin } from "unplugin";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isopool } from "../../src/carrier/vite.ts";
import { current, inContext, parse } from "./kit.ts";
import { type Project, project } from "./vite/project.ts";

let page: Project;
beforeAll(() => void (page = project()));
afterAll(() => page.remove());

test("esbuild carries a page through unplugin", async () => {
  const outfile = join(page.root, "out.mjs");
  await esbuild({
    entryPoints: [join(page.root, "flow.ts")],
    outfile,
    bundle: true,
    format: "esm",
    logLevel: "silent",
    alias: { "isopool/carrier-runtime": join(import.meta.dirname, "../../src/carrier/runtime/abi.ts") },
    plugins: [createUnplugin(() => isopool({ parse })).esbuild()],
  });
  const { flow } = await page.load<{ flow(see: () => void): Promise<void> }>(outfile);
  const seen: unknown[] = [];
  await Promise.all(["A", "B"].map((name) => inContext(name, () => flow(() => seen.push(current() === name)))));
  expect(seen.length).toBe(12);
});
