// The ```ts blocks of README.md and docs/ compile against the built package: an example that went stale fails here.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { entries, root } from "./package.ts";

const folder = mkdtempSync(join(tmpdir(), "isopool-examples-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a page may use without saying where it comes from, after its first block has shown it. */
const ambient = `
  import type { Database, Session } from "isopool";
  declare global {
    const db: Database;
    const session: Session;
    const placeOrder: (session: Session) => Promise<void>;
  }
  declare module "sql.js" { const init: (config?: object) => Promise<never>; export default init; }
`;

/** What a platform or a bundler brings along. In a file that imports nothing: elsewhere, modules that exist can be added to, and no others made. */
const modules = `
  declare module "cloudflare:workers" {
    export const env: Record<"DATABASE_URL" | "DATABASE_TOKEN", string> & {
      readonly DB: { readonly connectionString: string };
      readonly SHOP: import("isopool/d1").D1Binding;
      POOL: { idFromName(name: string): { toString(): string }; get(id: { toString(): string }): object };
    };
    export abstract class DurableObject<Env = unknown> {
      protected ctx: { readonly storage: import("isopool/durable-object").ObjectStorage };
      protected env: Env;
      constructor(ctx: object, env: Env);
    }
    export abstract class RpcTarget {}
    export function waitUntil(promise: Promise<unknown>): void;
  }
  declare module "*?url" { const url: string; export default url; }
`;

/** Each block at its own line of the page, so that an error names the page's line. */
function blocksOf(page: string): string[] {
  return [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(
    ({ 1: code = "", index }) => "\n".repeat(page.slice(0, index).split("\n").length) + code,
  );
}

/** What the compiler says about the blocks of the pages: `"README.1.ts(12,3): error …"`. */
function compile(pages: Record<string, string>): { blocks: number; errors: string[] } {
  const work = mkdtempSync(join(folder, "pages-"));
  const files = Object.entries(pages).flatMap(([name, page]) =>
    blocksOf(page).map((code, at) => [`${name}.${at + 1}.ts`, code] as const),
  );
  for (const [file, code] of files) {
    mkdirSync(join(work, file, ".."), { recursive: true });
    writeFileSync(join(work, file), `${code}\nexport {};\n`);
  }
  writeFileSync(join(work, "ambient.d.ts"), ambient);
  writeFileSync(join(work, "modules.d.ts"), modules);
  writeFileSync(join(work, "tsconfig.json"), JSON.stringify(config()));
  try {
    execFileSync(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", work], { cwd: work });
    return { blocks: files.length, errors: [] };
  } catch (error) {
    const { stdout } = error as { stdout: Buffer };
    return { blocks: files.length, errors: stdout.toString().trim().split("\n") };
  }
}

/** Strict as a careful user's, without the rules of taste. */
function config(): object {
  const compilerOptions = {
    target: "es2023",
    module: "esnext",
    moduleResolution: "bundler",
    lib: ["es2023", "esnext.disposable", "dom", "dom.iterable"],
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    typeRoots: [join(root, "node_modules", "@types")],
    types: ["node"],
    paths: {
      ...Object.fromEntries(entries.map(({ name, types }) => [name, [types]])),
      // Drivers are there as users have them.
      "@neondatabase/serverless": [join(root, "node_modules/@neondatabase/serverless/index.d.mts")],
      "@libsql/client/web": [join(root, "node_modules/@libsql/client/lib-esm/web.d.ts")],
      pg: [join(root, "node_modules/@types/pg/index.d.ts")],
      postgres: [join(root, "node_modules/postgres/types/index.d.ts")],
      kysely: [join(root, "node_modules/kysely/dist/esm/index.d.ts")],
      "drizzle-orm": [join(root, "node_modules/drizzle-orm/index.d.ts")],
      "drizzle-orm/*": [join(root, "node_modules/drizzle-orm/*")],
      hono: [join(root, "node_modules/hono/dist/types/index.d.ts")],
      "hono/http-exception": [join(root, "node_modules/hono/dist/types/http-exception.d.ts")],
      vitest: [join(root, "node_modules/vitest/dist/index.d.ts")],
      "@playwright/test": [join(root, "node_modules/@playwright/test/index.d.ts")],
      "@opentelemetry/api": [join(root, "node_modules/@opentelemetry/api/build/src/index.d.ts")],
    },
  };
  return { compilerOptions, include: ["**/*.ts"] };
}

function pagesOf(path: string): string[] {
  return existsSync(join(root, path)) ? readdirSync(join(root, path)).filter((file) => file.endsWith(".md")) : [];
}

test("every TypeScript example compiles", () => {
  const paths = ["README.md", "CONTRIBUTING.md", ...pagesOf("docs").map((file) => `docs/${file}`)];
  const pages = Object.fromEntries(
    paths.filter((path) => existsSync(join(root, path))).map((path) => [path, readFileSync(join(root, path), "utf8")]),
  );
  const { blocks, errors } = compile(pages);
  expect(blocks).toBeGreaterThan(0);
  expect(errors).toEqual([]);
});

test("a stale example is told with the line of its page", () => {
  const page =
    'Text.\n\n```ts\nimport { createDatabase } from "isopool";\ncreateDatabase(7);\n```\n\n```ts\nawait db.qwery("");\n```\n';
  const { blocks, errors } = compile({ "PAGE.md": page });
  expect(blocks).toBe(2);
  expect(errors.join("\n")).toMatch(/PAGE\.md\.1\.ts\(5,\d+\): error/);
  expect(errors.join("\n")).toMatch(/PAGE\.md\.2\.ts\(9,\d+\): error .*'qwery'/);
});
