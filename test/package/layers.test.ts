// The arrows of DESIGN section 2; .oxlintrc.json tells a part of them in the editor already.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Import, importsOf, isIntegrated, readSource, sourceFiles, src } from "./sources.ts";

/** The spine, top first: a stop imports itself and the stops below it. */
const spine = ["index", "database", "session", "pool", "contract"];

/** What else a layer may import. Leaves import contract and nothing of each other. */
const arrows: Record<string, readonly string[]> = {
  index: ["context/", "runtime/"],
  // The two defaults of createDatabase(); every other context and runtime is handed in.
  database: ["context/explicit.ts", "runtime/shared.ts"],
  // What those share that keep a context by themselves.
  context: ["contract/", "context/ambient.ts"],
  runtime: ["contract/"],
  adapters: ["contract/", "adapters/shared/", "adapters/sqlite/", "adapters/postgres/"],
  carrier: ["contract/", "carrier/", "fuse/"],
  // Its run-time half asks sessions; its compiler is built of the carrier's parts.
  fuse: ["fuse/", "carrier/hooks.ts", "carrier/transform/", "session/"],
  integrations: ["index.ts"],
  // Brings a pool of its own, of the same parts.
  "integrations/workers": ["pool/", "contract/"],
  // One entry for who writes an adapter, and proves it.
  "integrations/adapter-contract": ["adapters/kit/index.ts"],
  // Lends connections of a pool to sessions that are elsewhere.
  "integrations/pool-host": ["adapters/hosted/", "contract/", "pool/", "session/"],
  // Stands on all of it: a source whose connections are savepoints, and adapters that answer as they are told.
  "integrations/testing": [
    "contract/",
    "pool/",
    "session/",
    "adapters/shared/",
    "adapters/sqlite/",
    "adapters/postgres/",
  ],
  // Middleware around withSession().
  "integrations/hono": ["integrations/workers/index.ts"],
  errors: ["contract/"],
  clock: ["contract/"],
  dispose: [],
  "option-names": [],
  signal: [],
};

/** Free for all but contract, which is types alone. */
const forEveryone = ["errors.ts", "clock.ts", "dispose.ts", "option-names.ts", "signal.ts"];

/** `"pool/pool.ts"` is of `pool`. At the top, what has no layer of its own name is a part of `database`. */
function layerOf(file: string): string {
  const [first = "", second] = file.split("/");
  if (second !== undefined) return first;
  const name = first.replace(/\.ts$/, "");
  return ["index", ...forEveryone.map((each) => each.replace(/\.ts$/, ""))].includes(name) ? name : "database";
}

/** Leaves of one folder share nothing: each adapter and each integration is on its own. */
function isSameUnit(from: string, to: string): boolean {
  if (["adapters", "integrations"].includes(layerOf(from))) {
    return from.split("/").slice(0, 2).join("/") === to.split("/").slice(0, 2).join("/");
  }
  return from === to;
}

function isAllowed({ from, to, specifier }: Import): boolean {
  if (to === undefined) return isIntegrated(from, specifier);
  const layer = layerOf(from);
  const below = spine.includes(layer) ? spine.slice(spine.indexOf(layer)) : [];
  if (below.includes(layerOf(to)) || isSameUnit(from, to)) return true;
  if (layer !== "contract" && forEveryone.includes(to)) return true;
  const own = [layer, from.split("/").slice(0, 2).join("/")].flatMap((each) => arrows[each] ?? []);
  return own.some((allowed) => to === allowed || (allowed.endsWith("/") && to.startsWith(allowed)));
}

function wrongArrows(imports: readonly Import[]): string[] {
  return imports.filter((each) => !isAllowed(each)).map(({ from, specifier }) => `${from} imports ${specifier}`);
}

test("imports point down the layers only", () => {
  const imports = sourceFiles().flatMap((file) => importsOf(file));
  expect(imports.length).toBeGreaterThan(20);
  expect(wrongArrows(imports)).toEqual([]);
});

test("every folder of src is a layer, and every file at its top is on the map", () => {
  const map = readSource("README.md");
  const known = [...spine, ...Object.keys(arrows)];
  const isKnown = (file: string): boolean =>
    file.includes("/") ? known.includes(layerOf(file)) : file === "index.ts" || map.includes(file);
  expect(sourceFiles().filter((file) => !isKnown(file))).toEqual([]);
});

/** The files of one folder whose imports, types included, lead back to them. */
function cyclesOf(imports: readonly Import[]): string[] {
  const next = new Map<string, Import[]>();
  for (const each of imports) next.set(each.from, [...(next.get(each.from) ?? []), each]);
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(" → "));
    if (path.includes(file) || done.has(file)) return;
    for (const { to } of next.get(file) ?? []) if (to !== undefined) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of next.keys()) visit(file, []);
  return cycles;
}

test("no import of the session leads in a circle, types included", () => {
  const imports = sourceFiles()
    .filter((file) => file.startsWith("session/"))
    .flatMap((file) => importsOf(file));
  expect(imports.length).toBeGreaterThan(100);
  expect(cyclesOf(imports)).toEqual([]);
});

test("a circle is found, however long, and by a type alone", () => {
  const imports = [
    ...importsOf("session/a.ts", 'import { b } from "./b.ts";'),
    ...importsOf("session/b.ts", 'import type { C } from "./c.ts";'),
    ...importsOf("session/c.ts", 'export { a } from "./a.ts";'),
  ];
  expect(cyclesOf(imports)).toEqual(["session/a.ts → session/b.ts → session/c.ts → session/a.ts"]);
});

/** A part of the map, from its heading to the next one. */
function sectionOf(map: string, heading: string): string {
  const [, section = ""] = map.split(heading);
  return section.split("\n## ")[0]!;
}

test("every file that the map names is there", () => {
  const map = readSource("README.md");
  const files = sourceFiles();
  const names = [...map.matchAll(/`(?<name>[\w/-]+\.ts)`/g)].map(({ groups }) => groups!["name"]!);
  expect(names.length).toBeGreaterThan(40);
  expect(names.filter((name) => !files.some((file) => file === name || file.endsWith(`/${name}`)))).toEqual([]);
});

test("every file of the session is in its section of the map, or is a helper that one of those imports", () => {
  const section = sectionOf(readSource("README.md"), "## A session, file by file");
  const isNamed = (file: string): boolean => section.includes(`\`${file.replace("session/", "")}\``);
  const files = sourceFiles().filter((file) => file.startsWith("session/"));
  const imported = new Set(
    files.filter((file) => isNamed(file)).flatMap((file) => importsOf(file).map(({ to }) => to)),
  );
  expect(files.filter(isNamed).length).toBeGreaterThan(25);
  expect(files.filter((file) => !isNamed(file) && !imported.has(file))).toEqual([]);
});

test("every test that docs/guarantees.md names is there", () => {
  const page = readSource("../docs/guarantees.md");
  const lists = [...page.matchAll(/\((?<list>`[^()]+`)\)|\| (?<list2>`[^|]+`) +\|$/gm)];
  const names = lists.flatMap(({ groups }) => (groups!["list"] ?? groups!["list2"]!).match(/[\w/-]+/g) ?? []);
  const fileOf = (name: string): string => (name.startsWith("test/") ? `../${name}` : `../test/session/${name}`);
  const isThere = (name: string): boolean =>
    existsSync(join(src, name.endsWith("/") ? fileOf(name) : `${fileOf(name)}.test.ts`));
  expect(names.length).toBeGreaterThan(30);
  expect(names.filter((name) => !isThere(name))).toEqual([]);
});

// Each stop of the walk, with what it imports of the next one: from a database to the adapter's contract.
const walk = [
  ["database.ts", "contract/context.ts", /this\.context\.current\(\)/],
  ["database.ts", "session/session.ts", /current\(\): Session/],
  ["session/session.ts", "session/line.ts", /line\.add\(/],
  ["session/line.ts", "session/departure.ts", /toDeparture\(/],
  ["session/line.ts", "session/holder.ts", /holder\.borrow\(/],
  ["session/departure.ts", "session/transaction.ts", /transaction\.ahead\(/],
  ["session/transaction.ts", "session/stacks.ts", /steer\(/],
  ["session/holder.ts", "pool/lease.ts", /pool\.acquire\(/],
  ["session/line.ts", "session/landing.ts", /driver\.send\(/],
] as const;

test.each(walk)("the walk is straight: %s goes on to %s", (from, to, call) => {
  expect(importsOf(from).map((each) => each.to)).toContain(to);
  expect(readSource(from)).toMatch(call);
});

test("the stops of the map are those of the walk, in its order", () => {
  const [table = ""] = readSource("README.md").split("## ");
  const named = [...table.matchAll(/`(?<name>[\w/-]+\.ts)`/g)].map(({ groups }) => groups!["name"]!);
  expect(named).toEqual([
    "database.ts",
    "session/session.ts",
    "session/line.ts",
    "session/departure.ts",
    "session/holder.ts",
    "pool/pool.ts",
  ]);
  const steps: readonly string[] = walk.flatMap(([from, to]) => [from, to]);
  for (const name of named) expect([...steps, "pool/pool.ts"]).toContain(name);
  // Only a source makes the pool; whoever asks it knows its contract.
  expect(importsOf("session/source.ts").map(({ to }) => to)).toContain("pool/pool.ts");
});

test.each([
  ["pool/pool.ts", 'import type { Session } from "../session/session.ts";'],
  ["pool/pool.ts", 'export { explicit } from "../context/explicit.ts";'],
  ["session/unit.ts", 'const late = await import("../adapters/sql-js/index.ts");'],
  ["session/unit.ts", 'import { explicit } from "../context/explicit.ts";'],
  ["database.ts", 'import { asyncLocal } from "./context/async-local.ts";'],
  ["database-options.ts", 'import "./index.ts";'],
  ["context/zone.ts", 'import { explicit } from "./explicit.ts";'],
  ["adapters/sql-js/index.ts", 'import type { Lease } from "../../pool/lease.ts";'],
  ["adapters/sql-js/index.ts", 'import { x } from "../libsql/values.ts";'],
  ["adapters/sql-js/index.ts", 'import initSqlJs from "sql.js";'],
  ["contract/adapter.ts", 'import type { ErrorCode } from "../errors.ts";'],
  ["errors.ts", 'import type { Session } from "./session/session.ts";'],
  ["integrations/hono/index.ts", 'import { DbError } from "../../pool/pool.ts";'],
  ["integrations/workers/index.ts", 'import { sql } from "drizzle-orm";'],
  ["integrations/drizzle/sqlite.ts", 'import { drizzle } from "drizzle-orm-other";'],
])("an arrow that is not in the picture is found: %s, %s", (file, text) => {
  expect(wrongArrows(importsOf(file, text))).toHaveLength(1);
});

test.each([
  ["index.ts", 'export { createDatabase } from "./database.ts";'],
  ["index.ts", 'export { zone } from "./context/zone.ts";'],
  ["database.ts", 'import { explicit } from "./context/explicit.ts";'],
  ["session/unit.ts", 'import type { Lease } from "../pool/lease.ts";'],
  ["adapters/sql-js/index.ts", 'import { classify } from "../sqlite/errors.ts";'],
  ["adapters/sql-js/index.ts", 'import { DbError } from "../../errors.ts";'],
  ["errors.ts", 'import type { X } from "./contract/statement.ts";'],
  ["integrations/drizzle/sqlite.ts", 'import { SQLiteSession } from "drizzle-orm/sqlite-core/session";'],
])("an arrow of the picture is allowed: %s, %s", (file, text) => {
  expect(wrongArrows(importsOf(file, text))).toEqual([]);
});
