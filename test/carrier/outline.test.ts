// Blocks that have nothing to do with any async function are not parsed: what becomes of a module is the same as if they were.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { outlineOf } from "../../src/carrier/transform/outline.ts";
import { transform } from "../../src/carrier/transform/transform.ts";
import { parse } from "./kit.ts";

const MODULES = join(import.meta.dirname, "..", "..", "node_modules");
/** Modern code, code that was compiled, and code that was minified, each with async functions among others. */
const PACKAGES = ["@neondatabase/serverless", "dexie/dist", "hono/dist/middleware", "kysely/dist/esm/util", "lit"];

const [a, b, c] = ["a: 1", "b / 2", "`c`"];

test.each<[string, string, string]>([
  [
    "a function",
    `function f() { ${a} } async function g() { await 1 }`,
    "function f() {} async function g() { await 1 }",
  ],
  [
    "a method of a class",
    `class A { a() { ${b} } async b() { { ${a} } } }`,
    `class A { a() {} async b() { { ${a} } } }`,
  ],
  ["what is around an async function", `if (x) { { ${a} } async () => { } }`, "if (x) { {} async () => { } }"],
  ["nested blocks", `{ { ${a} } { ${b} } } async () => 1`, "{} async () => 1"],
  ["an object in an arrow", `x = async () => ({ ${a} }); { ${c} }`, `x = async () => ({ ${a} }); {}`],
  ["objects in an expression", `x = async () => y ? { ${a} } : { b: await 1 }`, ""],
  ["functions in an expression", `x = async () => y(() => { ${a} }) || (() => { await_() }); { ${a} }`, ""],
  ["a default of a parameter", `async function f(a = { ${a} }) { { ${b} } } { ${a} }`, ""],
  ["a name that is computed", `({ async [{ ${a} }]() { ${a} }, b() { ${a} } })`, ""],
  ["a generator", `async function* f() { { ${a} } } { ${a} }`, ""],
  ["a method called if", `({ async if(a) { ${a} }, b() { ${b} } })`, ""],
  [
    "a private member called as a keyword",
    "class A { #if(a) { 1 } b() { this.#if(1) / 2; /{/ } } async () => 1",
    "class A {} async () => 1",
  ],
  ["a private member that is looked for", "class A { #a; b(c) { #a in c; { 1 } } } async () => 1", ""],
  ["the word as a name", `async = 1; { ${a} } async(x); { ${b} } x.async; { ${c} }`, ""],
  ["the word in a text", `f('{ async'); { ${a} } // async {\n { ${b} } /* async { */ { ${c} }`, ""],
  ["a text", `{ "}\\"" } { '}\\'' } async () => 1`, "{} {} async () => 1"],
  ["a template", "{ `}${{}}}${'`'}` } async () => `{${{ a: 1 }}`", "{} async () => `{${{ a: 1 }}`"],
  ["a pattern", "{ /[/}]\\/{/g } async () => /{/", "{} async () => /{/"],
  ["a pattern behind a condition", "if (a) /{/.test(b); { 1 } async () => 1", "if (a) /{/.test(b); {} async () => 1"],
  ["a division", "{ (a) / b; c++ / d; [e] / f; 2 / g } async () => 1", "{} async () => 1"],
  ["a member called as a keyword", "{ a.return / b; a.for(1) / 2 } async () => 1", "{} async () => 1"],
])("the outline of %s", (_, code, expected) => {
  const text = `${code}\nexport {}`;
  expect(same(text)).toBe(true);
  if (expected !== "") expect(squeezed(outlineOf(text)!)).toBe(squeezed(`${expected}\nexport {}`));
});

test.each([
  ["a pattern or a division behind a block", "{ 1 } /{/.test(a); async () => 1"],
  ["a quote that is open", "<p>it's {1}</p>; async () => 1"],
  ["a bracket that is open", "{ ( } async () => 1"],
  ["a space that only Unicode knows", "async\u00a0function f() { { 1 } }"],
  ["nothing to leave out", "async () => { { await 1 } }"],
])("there is no outline of %s", (_, code) => {
  expect(outlineOf(code)).toBeUndefined();
});

test("what it leaves out of modules changes nothing in what they become", () => {
  const files = PACKAGES.flatMap((name) =>
    readdirSync(join(MODULES, name), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.m?js$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  let shorter = 0;
  for (const file of files) {
    const code = readFileSync(file, "utf8");
    if (!/\basync\b/.test(code)) continue;
    expect(same(code), file).toBe(true);
    if (outlineOf(code) !== undefined) shorter++;
  }
  expect(shorter).toBeGreaterThan(20);
});

/** Whether the whole text's tree makes the same of it. */
function same(code: string): boolean {
  const options = { sourceMap: false } as const;
  const outlined = transform(code, "a.js", { ...options, parse });
  const whole = transform(code, "a.js", { ...options, parse: (_outline, settings) => parse(code, settings) });
  return outlined?.code === whole?.code;
}

/** Where it stands is seen by `same()`. */
function squeezed(text: string): string {
  return text.replaceAll(/\{\s+\}/g, "{}");
}
