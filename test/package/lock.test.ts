// `npm ci` works on every platform and with every registry; `npm run lock` repairs it.

import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "./package.ts";

interface Locked {
  readonly version: string;
  readonly resolved?: string;
  readonly optionalDependencies?: Record<string, string>;
}

// Of the repository; and of the frameworks whose recipes are run.
describe.each([".", "test/runtime/recipes"])("in %s", (folder) => {
  const text = readFileSync(join(root, folder, "package-lock.json"), "utf8");
  const { packages } = JSON.parse(text) as { packages: Record<string, Locked> };

  /** Whether `name` is beside the package at `path`, or further up. */
  function isLocked(path: string, name: string): boolean {
    if (packages[posix.join(path, "node_modules", name)] !== undefined) return true;
    return path !== "" && isLocked(path.slice(0, Math.max(0, path.lastIndexOf("/node_modules/"))), name);
  }

  test("the lock names the binaries of every platform, not only of the one it was made on", () => {
    const wanted = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).map((name) => ({ path, name })),
    );
    expect(wanted.length).toBeGreaterThan(0);
    expect(wanted.filter(({ path, name }) => !isLocked(path, name))).toEqual([]);
  });

  test("the lock names no registry: each machine asks its own", () => {
    expect(Object.values(packages).filter(({ resolved }) => resolved !== undefined)).toEqual([]);
    expect(text).not.toContain("://registry");
  });
});
