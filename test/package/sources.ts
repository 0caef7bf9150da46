// What src/ imports, read from its text; for the tests that keep the layers apart.

import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
export const src: string = join(root, "src");

/** One import, export-from or `import()`; type-only ones count too. */
export interface Import {
  /** Importing file, from src: `"pool/pool.ts"`. */
  readonly from: string;
  /** As written: `"../errors.ts"`. */
  readonly specifier: string;
  /** Imported file, from src: `"errors.ts"`; `undefined` for a package. */
  readonly to: string | undefined;
}

/** Every TypeScript file of src, from src, with `/`. */
export function sourceFiles(): string[] {
  return readdirSync(src, { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => file.endsWith(".ts"));
}

export function readSource(file: string): string {
  return readFileSync(join(src, file), "utf8");
}

/** Where types of a framework are needed, to be inferred from: they are gone at run time, and whoever imports the entry has it. */
const TYPES_OF: Readonly<Record<string, string>> = { "integrations/hono/index.ts": "hono" };

export function importsOf(file: string, text: string = readSource(file)): Import[] {
  const code = text
    .replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "")
    .replaceAll(/^import type \{[^}]*\} from "([^"]+)";$/gm, (all, name: string) =>
      name === TYPES_OF[file] ? "" : all,
    );
  const specifiers = code.matchAll(/\b(?:from|import)\s*\(?\s*(["'`])(?<specifier>[^"'`]+)\1/g);
  return [...specifiers].map(({ groups }) => {
    const specifier = groups?.["specifier"] ?? "";
    const to = specifier.startsWith(".") ? posix.join(posix.dirname(file), specifier) : undefined;
    return { from: file, specifier, to };
  });
}

/** Packages, or a module of the platform, that an integration imports, by its folder: whoever imports its entry has them. */
const integrated: Readonly<Record<string, string>> = {
  drizzle: "drizzle-orm",
  kysely: "kysely",
  "pool-host": "cloudflare:workers",
};

/** Whether a file is part of an integration with this package. */
export function isIntegrated(file: string, specifier: string): boolean {
  const [layer, name = ""] = file.split("/");
  const owned = layer === "integrations" ? integrated[name] : undefined;
  return owned !== undefined && (specifier === owned || specifier.startsWith(`${owned}/`));
}
