import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { bundlePage } from "../../runtime/bundle.ts";
import { bundle } from "../../scenarios/stages.ts";

const folder = mkdtempSync(join(tmpdir(), "isopool-production-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const WORDS = "isopool/vite compiled nothing here";

test("a development build of Vite's warns of a missing plugin; a production build does not have the words", async () => {
  const entry = join(import.meta.dirname, "../../../src/carrier/runtime/index.ts");
  const source = `import { browserContext } from ${JSON.stringify(entry)};\nglobalThis.context = browserContext();\n`;
  writeFileSync(join(folder, "main.js"), source);
  const { code } = await bundlePage(folder, join(folder, "main.js"));
  expect(code).toContain("browserContext");
  expect(code).not.toContain(WORDS);
  expect(await bundle(source, {})).toContain(WORDS);
});
