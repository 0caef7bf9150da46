// How a module gets at the run-time half.

import { usesOuter } from "./outer-names.ts";
import type { Module } from "./site.ts";
import { childrenOf, directivesOf, hasModuleSyntax, type Node } from "./syntax.ts";

/** Where the run-time half is imported from, if nothing else is said. */
export const RUNTIME = "isopool/carrier-runtime";

/** True for what has been through here before. */
export function isCarriedAlready(program: Node, code: string, runtime: string): boolean {
  if (!code.includes(runtime)) return false;
  if (code.includes(requireOf(runtime))) return true;
  return childrenOf(program, "body").some((statement) => (statement["source"] as Node | null)?.["value"] === runtime);
}

/** Imports what is used: behind the directives, which must stay first, and in no line of its own. */
export function importRuntime(program: Node, { code, edits, names, used }: Module, runtime: string): void {
  if (used.size === 0) return;
  const isScript = isCommonJs(program, code);
  const list = Array.from(used, (name) => `${name}${isScript ? ":" : " as "}${names.runtime[name]}`).join();
  const statement = isScript ? `const{${list}${requireOf(runtime)}` : `import{${list}}from${JSON.stringify(runtime)};`;
  const directive = directivesOf(program).at(-1);
  const hashbang = /^#!.*(?:\r\n|\s)?/.exec(code)?.[0].length ?? 0;
  edits.open(directive?.end ?? hashbang, directive === undefined ? statement : `;${statement}`);
}

function requireOf(runtime: string): string {
  return `}=require(${JSON.stringify(runtime)});`;
}

/** What imports or exports something, or says so itself. */
export function isStrict(program: Node): boolean {
  return hasModuleSyntax(program) || directivesOf(program).some(({ directive }) => directive === "use strict");
}

const GIVEN = ["require", "module", "exports"];

/** An `import` would make an ES module of a CommonJS one: bundlers tell them apart by their syntax, and by what they use. */
function isCommonJs(program: Node, code: string): boolean {
  if (hasModuleSyntax(program)) return false;
  if (program["sourceType"] !== "module") return true;
  return GIVEN.some((name) => code.includes(name)) && !/\bimport\s*\.\s*meta\b/.test(code) && usesOuter(program, GIVEN);
}
