// The frameworks of docs/frameworks.md as npm installs them, all at once: applications are made in folders below, and find them by
// walking up, as in a workspace.

import { execFile, execFileSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { manifest, root } from "../../package/package.ts";

const exec = promisify(execFile);
const page = readFileSync(join(root, "docs", "frameworks.md"), "utf8");

export type Files = Readonly<Record<string, string>>;

export interface Frameworks {
  /** Path of a file of an installed package. */
  find(...path: string[]): string;
  /** Makes an application, with isopool as it is published, and packages copied from our own. Gives its folder. */
  app(name: string, files: Files, packages?: readonly string[]): string;
  remove(): void;
}

/** Installs what package-lock.json of this folder asks for. */
export async function installFrameworks(): Promise<Frameworks> {
  const folder = mkdtempSync(join(tmpdir(), "isopool-frameworks-"));
  const npm = (...args: string[]): Promise<{ stdout: string }> =>
    exec("npm", [...args, "--ignore-scripts", "--silent"], { cwd: folder });
  for (const file of ["package.json", "package-lock.json"])
    copyFileSync(join(import.meta.dirname, file), join(folder, file));
  // Nitro names Vite 7 as an optional peer; what is built here without Vite does not use it.
  const install = npm("ci", "--legacy-peer-deps", "--prefer-offline", "--no-audit", "--no-fund");
  const [{ stdout: tarball }] = await Promise.all([npm("pack", root), install]);
  return {
    find: (...path) => join(folder, "node_modules", ...path),
    app(name, files, packages = []) {
      const app = join(folder, "apps", name);
      const modules = join(app, "node_modules");
      const own = join(modules, manifest.name);
      mkdirSync(own, { recursive: true });
      execFileSync("tar", ["-xzf", join(folder, tarball.trim()), "--strip-components=1", "-C", own]);
      for (const each of packages)
        cpSync(join(root, "node_modules", each), join(modules, each), { recursive: true, dereference: true });
      for (const [path, text] of Object.entries({ "package.json": '{ "type": "module" }\n', ...files })) {
        mkdirSync(dirname(join(app, path)), { recursive: true });
        writeFileSync(join(app, path), text);
      }
      return app;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The files of a recipe: the blocks below its heading that begin with their path. */
export function recipeOf(heading: string): Files {
  const [, section = ""] = page.split(new RegExp(`^## ${heading}$`, "m"));
  const [recipe = ""] = section.split(/^## /m);
  const blocks = recipe.matchAll(/^```(?:js|jsx|ts)\n(\/\/ ([\w./+-]+)\n[^]*?)^```$/gm);
  return Object.fromEntries(Array.from(blocks, ([, code = "", path = ""]) => [path, code]));
}
