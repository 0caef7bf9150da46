// How fast the transform is, on the JavaScript of packages that a page or a tool may depend on; beside what the same parser
// needs only to read the same files: the fastest of some rounds. A whole build with Vite, with the plugin and without, as the
// processor time of all its threads; and a function that does little but await, in a context and as it was written.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, parseSync } from "vite";
import { isopool, transform } from "../../dist/carrier/vite.js";
import { inTurns, medianOf, ratioOf } from "./rounds.mjs";

const ROUNDS = 3;
const PACKAGES = ["@libsql", "@neondatabase", "chart.js", "kysely", "lit", "pg", "ws"];
const root = join(import.meta.dirname, "..", "..");
const modules = join(root, "node_modules");

const BUILDS = 5;
/** ES modules of what pages and servers are made of: one function in some is async, as in an app. */
const APP = ["@opentelemetry", "chart.js", "dexie", "drizzle-orm", "hono/dist", "kysely/dist/esm", "lit", "svelte/src"];
/** The same in other formats, and what only types see. */
const NO_MODULE = /\/(?:cjs|umd|esnext|build\/src|node|development|test|compiler)\/|\.umd|\.min\./;

const RUNS = 15;
const RUN = `
async function fib(n) { return n < 2 ? n : (await fib(n - 1)) + (await fib(n - 2)); }
async function sort(list) {
  if (list.length < 2) return list;
  const half = list.length >> 1;
  const [a, b] = await Promise.all([sort(list.slice(0, half)), sort(list.slice(half))]);
  const merged = [];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) merged.push(j >= b.length || a[i] <= b[j] ? a[i++] : b[j++]);
  return merged;
}
async function* count(n) { for (let i = 0; i < n; i++) yield i; }
async function sum(n) { let all = 0; for await (const i of count(n)) all += i; return all; }
export const work = {
  fib: () => fib(22),
  sort: () => sort(Array.from({ length: 20_000 }, (_, i) => (i * 7_919) % 20_011)),
  sum: () => sum(50_000),
};`;
const IN_CONTEXT = `${RUN}
import { AsyncContext } from "isopool/browser-context";
const variable = new AsyncContext.Variable();
export const inContext = (run) => variable.run("A", run);`;

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

/** Every module of some packages in one page. */
async function builds() {
  const files = APP.flatMap((name) =>
    readdirSync(join(modules, name), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.m?js$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name)),
  ).filter((file) => !NO_MODULE.test(file) && /^\s*(?:import|export)\b/m.test(readFileSync(file, "utf8")));
  const entry = files.map((file, i) => `export * as m${i} from ${JSON.stringify(file)};`).join("\n");
  const seen = await inTurns(
    { plain: () => bundled(entry, []), carried: () => bundled(entry, [isopool()]) },
    { rounds: BUILDS, warmUp: 1 },
  );
  const what = `a build of ${files.length.toLocaleString("en")} modules with Vite, processor time`;
  const ratio = ratioOf(seen.carried, seen.plain, "cpuMs");
  return [
    { name: what, value: medianOf(seen.plain, "cpuMs"), unit: "ms" },
    {
      name: `${what}: with the plugin`,
      value: medianOf(seen.carried, "cpuMs"),
      unit: "ms",
      ratio,
      target: "at most 1.4",
      ok: ratio <= 1.4,
    },
  ];
}

async function bundled(source, plugins) {
  const folder = mkdtempSync(join(tmpdir(), "isopool-bench-"));
  try {
    const input = join(folder, "entry.js");
    writeFileSync(input, source);
    const [{ output }] = [
      await build({
        root: folder,
        configFile: false,
        logLevel: "silent",
        plugins,
        resolve: { alias: { "isopool/browser-context": join(root, "dist/carrier/runtime/index.js") } },
        build: {
          write: false,
          modulePreload: false,
          target: "esnext",
          rolldownOptions: {
            input,
            preserveEntrySignatures: "strict",
            // Packages of packages: some are not there.
            external: (id) => !/^(?:[./\0]|isopool\/)/.test(id),
          },
        },
      }),
    ].flat();
    return output[0].code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** In this process: no page is needed to await. */
async function runs() {
  const load = async (source, plugins) =>
    import(`data:text/javascript,${encodeURIComponent(await bundled(source, plugins))}`);
  const plain = await load(RUN, []);
  const carried = await load(IN_CONTEXT, [isopool()]);
  const rows = [];
  const words = { fib: "async fib", sort: "an async merge sort", sum: "a loop of for await" };
  for (const kind of ["fib", "sort", "sum"]) {
    const peers = { plain: () => plain.work[kind](), carried: () => carried.inContext(() => carried.work[kind]()) };
    const seen = await inTurns(peers, { rounds: RUNS, warmUp: 5 });
    const ratio = ratioOf(seen.carried, seen.plain, "cpuMs");
    const target = kind === "fib" ? { target: "at most 1.5", ok: ratio <= 1.5 } : {};
    rows.push(
      { name: `${words[kind]}: as written`, value: medianOf(seen.plain, "cpuMs"), unit: "ms" },
      { name: `${words[kind]}: in a context`, value: medianOf(seen.carried, "cpuMs"), unit: "ms", ratio, ...target },
    );
  }
  return rows;
}

export default async function measureCarrier() {
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
    ...(await builds()),
    ...(await runs()),
  ];
}
