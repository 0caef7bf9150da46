// How fast the transform is, on the JavaScript of packages that a page or a tool may depend on; beside what the same parser
// needs only to read the same files. The fastest of some rounds: others work on this machine, too.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "vite";
import { transform } from "../../dist/carrier/vite.js";

const ROUNDS = 3;
const PACKAGES = ["@libsql", "@neondatabase", "chart.js", "kysely", "lit", "pg", "ws"];
const modules = join(import.meta.dirname, "..", "..", "node_modules");

function parse(code, options) {
  const { program, errors } = parseSync("module.js", code, options);
  if (errors.length > 0) throw new SyntaxError(errors[0].message);
  return program;
}

function sources() {
  const files = PACKAGES.flatMap((name) =>
    readdirSync(join(modules, name), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.m?js$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  return files.map((file) => ({ file, code: readFileSync(file, "utf8") }));
}

/** Megabytes a second, in the fastest round. */
function speed(list, work) {
  const bytes = list.reduce((sum, { code }) => sum + code.length, 0);
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now();
    for (const { file, code } of list) work(code, file);
    best = Math.min(best, performance.now() - started);
  }
  return bytes / 1000 / best;
}

export default function measureCarrier() {
  const all = sources();
  const carried = all.filter(({ code, file }) => transform(code, file, { parse, sourceMap: false }) !== undefined);
  const reading = speed(carried, (code) => parse(code, { lang: "js", sourceType: "module" }));
  const withMap = speed(carried, (code, file) => transform(code, file, { parse }));
  const withoutMap = speed(carried, (code, file) => transform(code, file, { parse, sourceMap: false }));
  const everything = speed(all, (code, file) => transform(code, file, { parse }));
  return [
    { name: `reading ${carried.length} modules with async functions, alone`, value: reading, unit: "MB/s" },
    { name: "carrying them, with source maps", value: withMap, unit: "MB/s", ratio: withMap / reading },
    { name: "carrying them, without source maps", value: withoutMap, unit: "MB/s", ratio: withoutMap / reading },
    { name: `going through all ${all.length} modules, as a build does`, value: everything, unit: "MB/s" },
  ];
}
