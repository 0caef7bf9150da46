// Promise: the page is there at once: what it begins with is small, and the rest comes when it is asked for.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "@playwright/test";

const ENTRY_KB = 120;

test("the entry and what it loads at once is under 120 kB gzipped, without editor, charts and CSV", async () => {
  const info = test.info();
  const dist = join(info.config.rootDir, "../../demo/dist");
  const html = await readFile(join(dist, "index.html"), "utf8");
  const named = [...html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.(?:js|css))"/g)].map(([, path]) => path!);
  // What is imported without waiting to be asked.
  const loaded = new Set<string>();
  const load = async (path: string): Promise<void> => {
    if (loaded.has(path)) return;
    loaded.add(path);
    const text = await readFile(join(dist, path), "utf8");
    for (const [, file] of text.matchAll(/(?:import|from)\s*"\.\/([^"]+\.js)"/g)) await load(`assets/${file}`);
  };
  for (const path of named) await load(path);
  const files = await Promise.all([...loaded].map(async (path) => [path, await readFile(join(dist, path))] as const));
  const sizes = files.map(([path, content]) => [path, gzipSync(content).length / 1_000] as const);
  const total = sizes.reduce((sum, [, kb]) => sum + kb, 0);
  expect(total, JSON.stringify(sizes)).toBeLessThan(ENTRY_KB);
  expect(total).toBeGreaterThan(10);
  const code = files.map(([, content]) => content.toString()).join("\n");
  for (const word of ["cm-content", "beginAtZero", "is never closed"]) expect(code.includes(word), word).toBe(false);
  const rest = (await readdir(join(dist, "assets"))).filter(
    (name) => name.endsWith(".js") && !loaded.has(`assets/${name}`),
  );
  const others = await Promise.all(rest.map((name) => readFile(join(dist, "assets", name), "utf8")));
  for (const word of ["cm-content", "beginAtZero", "is never closed"])
    expect(
      others.some((other) => other.includes(word)),
      word,
    ).toBe(true);
});
