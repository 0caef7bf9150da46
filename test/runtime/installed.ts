// The package as a user has it: packed, and installed into an empty project.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../package/package.ts";

export interface Project {
  readonly folder: string;
  /** Writes a file of the project, and gives its path. */
  write(name: string, text: string): string;
  remove(): void;
}

/** Packs, installs without a registry (the package has no dependency), and adds the drivers that a user brings. */
export function installedProject({ drivers = [] }: { drivers?: readonly string[] } = {}): Project {
  const folder = mkdtempSync(join(tmpdir(), "isopool-user-"));
  const npm = (...args: string[]): string =>
    execFileSync("npm", [...args, "--silent", "--ignore-scripts"], { cwd: folder, encoding: "utf8" }).trim();
  writeFileSync(join(folder, "package.json"), '{ "name": "user", "private": true, "type": "module" }\n');
  const tarball = npm("pack", root);
  npm("install", "--offline", "--no-audit", "--no-fund", `./${tarball}`);
  for (const driver of drivers) {
    mkdirSync(join(folder, "node_modules"), { recursive: true });
    symlinkSync(join(root, "node_modules", driver), join(folder, "node_modules", driver), "junction");
  }
  return {
    folder,
    write(name, text) {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
