// Promise: what `npm start` starts works without a network, and ends with it.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { root } from "../package/package.ts";

const vite = join(dirname(createRequire(import.meta.url).resolve("vite/package.json")), "bin/vite.js");

interface Started {
  readonly url: string;
  readonly child: ChildProcess;
  /** Where it and all that it starts keep what is not to stay. */
  readonly folder: string;
}

/** As `npm start` does, on a free port, in a process group of its own. */
async function start(): Promise<Started> {
  const folder = mkdtempSync(join(tmpdir(), "isopool-start-"));
  // As /tmp is: PostgreSQL may have its data there as a user of its own, and they are removed when it has ended.
  chmodSync(folder, 0o1777);
  const child = spawn(process.execPath, [vite, "--port", "0", "--no-open"], {
    cwd: root,
    detached: true,
    env: { ...process.env, TMPDIR: folder, NO_COLOR: "1", NODE_ENV: "development" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => {
    if (isAlive(child)) process.kill(-child.pid!, "SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  let printed = "";
  const url = await new Promise<string>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`ended with ${code}:\n${printed}`)));
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        printed += text;
        const found = /Local:\s+(http:\S+)/.exec(printed);
        if (found) resolve(found[1]!);
      });
  });
  expect(printed).toContain("The Worker is at /api");
  expect(printed).toContain("The Worker is at /neon/api");
  expect(printed).toContain("The Worker is at /hosted/api");
  return { url, child, folder };
}

/** Whether any process of its group is there. */
function isAlive({ pid }: ChildProcess): boolean {
  try {
    return process.kill(-pid!, 0);
  } catch {
    return false;
  }
}

/** What is there of those that were started. */
function left(folder: string): string[] {
  return readdirSync(folder).filter((name) => /workerd|libsql|postgresql/.test(name));
}

test.each([
  ["Ctrl+C, which a terminal tells to all of them", "SIGINT", true],
  ["SIGTERM to it alone", "SIGTERM", false],
] as const)("%s ends the page, the Workers and their databases", async (_, signal, isToAll) => {
  const { url, child, folder } = await start();
  const page = await fetch(url);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain("<page-app>");
  for (const path of ["api/products?limit=1", "neon/api/products?limit=1", "hosted/api/products?limit=1"]) {
    const products = await fetch(new URL(path, url));
    expect(await products.json()).toMatchObject({ products: [{ name: "Pocket notebook, plain" }] });
  }
  expect(left(folder)).not.toEqual([]);

  const exit = once(child, "exit");
  process.kill(isToAll ? -child.pid! : child.pid!, signal);
  await exit;
  for (let tries = 0; tries < 100 && isAlive(child); tries++) await sleep(50);
  expect(isAlive(child), "a process is left").toBe(false);
  await expect.poll(() => left(folder)).toEqual([]);
});
