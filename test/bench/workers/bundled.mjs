// Workers that are there to be started and weighed, as wrangler bundles and minifies them.

import { join } from "node:path";
import { build } from "esbuild";

export const STARTS = {
  empty: { entry: "empty.js", words: "an empty Worker" },
  isopool: { entry: "start-isopool.js", words: "isopool: libSQL and sessions" },
  client: { entry: "start-client.js", words: "@libsql/client alone" },
  turso: { entry: "start-turso.js", words: "@tursodatabase/serverless alone" },
  drizzle: { entry: "start-drizzle.js", words: "Drizzle 0.45 over @libsql/client" },
  drizzleV1: { entry: "start-drizzle-v1.js", words: "Drizzle 1.0 over @libsql/client" },
};

/** @param name - of `STARTS`. */
export async function bundledWorker(name) {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, STARTS[name].entry)],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    mainFields: ["browser", "module", "main"],
    external: ["node:*", "cloudflare:*"],
    logLevel: "silent",
  });
  return outputFiles[0].text;
}
