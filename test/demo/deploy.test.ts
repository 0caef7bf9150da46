// Promise: `wrangler deploy` takes the Worker as it is, and it is no larger than the README says.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { root } from "../package/package.ts";

const wrangler = join(dirname(createRequire(import.meta.url).resolve("wrangler/package.json")), "bin/wrangler.js");

test("a deploy is ready to go, without an account or a network", () => {
  const folder = mkdtempSync(join(tmpdir(), "isopool-deploy-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const output = execFileSync(process.execPath, [wrangler, "deploy", "--dry-run", "--outdir", folder], {
    cwd: root,
    encoding: "utf8",
    env: {
      ...process.env,
      CI: "1",
      NO_COLOR: "1",
      WRANGLER_SEND_METRICS: "false",
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
      XDG_CONFIG_HOME: folder,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  expect(output).toContain("--dry-run: exiting now.");
  expect(output).toContain("env.DATABASE_URL");
  expect(output).toMatch(/env\.POOL\b.*ShopPool/);
  expect(output).toMatch(/env\.SHOP\b.*ShopObject/);
  expect(output).toMatch(/env\.DB\b.*shop/);
  expect(output).not.toMatch(/warning/i);
  expect(readdirSync(folder)).toContain("index.js");
  const kib = Number(/gzip: ([\d.]+) KiB/.exec(output)?.[1]);
  const told = Number(/(\d+) KiB gzipped at most/.exec(readFileSync(join(root, "README.md"), "utf8"))?.[1]);
  expect(kib, "more than the README says").toBeLessThanOrEqual(told);
  expect(kib, "much less than the README says").toBeGreaterThan(told - 8);
});
