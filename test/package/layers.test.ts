// The arrows of DESIGN section 2; .oxlintrc.json tells a part of them in the editor already.

import { expect, test } from "vitest";
import { type Import, importsOf, readSource, sourceFiles } from "./sources.ts";

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
  adapters: ["contract/", "adapters/shared/", "adapters/sqlite/"],
  carrier: ["contract/", "carrier/"],
  integrations: ["index.ts"],
  // Brings a pool of its own, of the same parts.
  "integrations/workers": ["pool/", "contract/"],
  errors: ["contract/"],
  clock: ["contract/"],
};

/** Free for all but contract, which is types alone. */
const forEveryone = ["errors.ts", "clock.ts"];

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

function isAllowed({ from, to }: Import): boolean {
  if (to === undefined) return false;
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
])("an arrow of the picture is allowed: %s, %s", (file, text) => {
  expect(wrongArrows(importsOf(file, text))).toEqual([]);
});
