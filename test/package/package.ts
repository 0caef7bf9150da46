// What package.json promises, for the tests of the built package.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's own folder. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

interface Manifest {
  readonly name: string;
  readonly type: string;
  readonly exports: Record<string, string | Record<string, string>>;
}

export const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;

/** One entry of `exports` that holds code. */
export interface Entry {
  /** As a user writes it: `"isopool/pool"`. */
  readonly name: string;
  /** Conditions in their order: `{ types: "./dist/…", default: "./dist/…" }`. */
  readonly conditions: Record<string, string>;
  /** Built files, absolute. */
  readonly code: string;
  readonly types: string;
}

export const entries: readonly Entry[] = Object.entries(manifest.exports).flatMap(([path, conditions]) => {
  if (typeof conditions === "string") return [];
  const name = manifest.name + path.slice(1);
  const [code, types] = [conditions["default"] ?? "", conditions["types"] ?? ""];
  return [{ name, conditions, code: join(root, code), types: join(root, types) }];
});

/** The entries in groups that can be installed together, and what their users have besides. */
export const installs: readonly { readonly frameworks: readonly string[]; readonly entries: readonly Entry[] }[] = [
  { frameworks: ["kysely", "drizzle-orm"], entries: entries.filter(({ name }) => name !== "isopool/drizzle/v1") },
  // Two versions of one name.
  { frameworks: ["drizzle-orm=drizzle-orm-1"], entries: entries.filter(({ name }) => name === "isopool/drizzle/v1") },
];

/** It extends a class that workerd alone has: nothing of it can be imported elsewhere. */
export const isOfWorkerd = ({ name }: Entry): boolean => name === "isopool/pool-host";
