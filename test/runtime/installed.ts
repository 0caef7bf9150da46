// The package as a user has it: packed, and installed into an empty project.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manifest, root } from "../package/package.ts";

export interface Project {
  readonly folder: string;
  /** Writes a file of the project, and gives its path. */
  write(name: string, text: string): string;
  remove(): void;
}

export interface ProjectOptions {
  /** What the user brings: linked from the repository's own, which may have another name: `drizzle-orm=drizzle-orm-1`. */
  readonly drivers?: readonly string[];
  /** By npm as a user does it, or only unpacked, which is the same and takes a third of the time. Default `npm`. */
  readonly by?: "npm" | "tar";
}

/** Packs, and installs without a registry: the package has no dependency. */
export function installedProject({ drivers = [], by = "npm" }: ProjectOptions = {}): Project {
  const folder = mkdtempSync(join(tmpdir(), "isopool-user-"));
  const modules = join(folder, "node_modules");
  const npm = (...args: string[]): string =>
    execFileSync("npm", [...args, "--silent", "--ignore-scripts"], { cwd: folder, encoding: "utf8" }).trim();
  writeFileSync(join(folder, "package.json"), '{ "name": "user", "private": true, "type": "module" }\n');
  const tarball = npm("pack", root);
  mkdirSync(join(modules, manifest.name), { recursive: true });
  if (by === "npm") npm("install", "--offline", "--no-audit", "--no-fund", `./${tarball}`);
  else
    execFileSync("tar", ["-xzf", tarball, "--strip-components=1", "-C", join(modules, manifest.name)], { cwd: folder });
  for (const driver of drivers) {
    const [name = driver, ours = name] = driver.split("=");
    symlinkSync(join(root, "node_modules", ours), join(modules, name), "junction");
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
