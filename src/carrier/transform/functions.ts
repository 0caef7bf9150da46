// The body of an async function: enter at its start, leave at its end, whichever way it ends.

import { behind, skipTrivia } from "./punctuation.ts";
import { shareNames } from "./shared-names.ts";
import type { Scan } from "./scan.ts";
import type { Carried, Site } from "./site.ts";
import {
  childOf,
  childrenOf,
  directivesOf,
  type FunctionNode,
  isFunction,
  mayBeThenable,
  namesOf,
  type Node,
} from "./syntax.ts";

/** How calls of `node` are carried; `undefined` for what is not an async function, or has nothing to carry. */
export function carriedBy(node: Node, { suspending }: Scan): Carried | undefined {
  if (!isFunction(node) || !node.async) return undefined;
  if (!node.generator) return { node, kind: suspending.has(node) ? "framed" : "plain" };
  return childrenOf(node.body, "body").length > 0 ? { node, kind: "framed" } : undefined;
}

export function functionRule(node: Node, site: Site, carried: Carried): void {
  if (carried.kind === "framed") {
    if (node.type === "ArrowFunctionExpression" && carried.node.body.type !== "BlockStatement")
      framedArrow(carried.node, site);
    else framedBlock(carried.node, site);
  } else if (carried.node.body.type !== "BlockStatement" && mayBeThenable(carried.node.body)) {
    site.edits.open(behindArrow(carried.node, site), `{${site.enter()}return ${site.callWith("thenable")}`);
    site.close(node.end, ")}");
  }
}

/** A function that never suspends has a frame for what it returns, if that may be a thenable. */
export function enterLate({ node }: Carried, site: Site): void {
  if (site.entered.has(node)) return;
  site.entered.add(node);
  const last = directivesOf(node.body).at(-1);
  site.edits.open(last?.end ?? node.body.start + 1, `${last === undefined ? "" : ";"}${site.enter()}`);
}

/** `=> value` becomes a block that returns it. */
function framedArrow(node: FunctionNode, site: Site): void {
  site.edits.open(behindArrow(node, site), `{${site.enter()}try{return ${site.callWith("thenable")}`);
  site.close(node.end, `)}finally{${site.call("exit")}}}`);
}

function framedBlock(node: FunctionNode, site: Site): void {
  const { body } = node;
  const last = directivesOf(body).at(-1);
  const isMadeByCall = node.generator && last === undefined && (site.isStrict || !hasSloppyParameters(node, site));
  if (isMadeByCall) enterAtCall(node, site);
  const enter = node.generator ? "enterGenerator" : "enter";
  const asked = node.generator ? `${site.call("asked")};` : "";
  const entry = `${isMadeByCall ? "" : site.enter(enter)}try{${asked}`;
  const start = last?.end ?? body.start + 1;
  site.edits.open(start, last === undefined ? entry : `;${entry}`);
  shareNames(node, start, site);
  site.close(body.end - 1, `}finally{${site.call("exit")}}`);
}

/**
 * A generator's context is that of the call that makes it, and its body only runs at the first `next()`: the frame is
 * made as a part of its parameters. Behind `...` the call's arguments stay what they were, and so does `length`.
 * A body with directives may have no such parameters, nor may some sloppy code; the frame is made at the first `next()`.
 */
function enterAtCall(node: FunctionNode, { code, edits, names, enter }: Site): void {
  const capture = `{${names.frame}=(()=>{${enter("enterGenerator")}return ${names.frame}})()`;
  const last = node.params.at(-1);
  if (last?.type === "RestElement") {
    const argument = childOf(last, "argument") as Node;
    // TypeScript's `this` is none.
    const count = node.params.filter(({ name }) => name !== "this").length - 1;
    edits.open(behind(code, "...", last.start), `${capture},${names.given}:`);
    edits.replace(argument.end, last.end, `=[].slice.call(arguments,${count})}`);
    return;
  }
  const from = last?.end ?? behind(code, "(", (childOf(node, "typeParameters") ?? node.id)?.end ?? node.start);
  const at = skipTrivia(code, from);
  const isSeparated = last === undefined || code[at] === ",";
  edits.open(
    isSeparated && last !== undefined ? skipTrivia(code, at + 1) : at,
    `${isSeparated ? "" : ","}...${capture}}`,
  );
}

/** Sloppy code could tell: with a pattern among the parameters none may share a name, and `arguments` do not follow them, or are one of them. */
function hasSloppyParameters({ params, start, end }: FunctionNode, { code }: Site): boolean {
  if (params.flatMap(namesOf).includes("arguments")) return true;
  const names = new Set(params.map(({ name }) => name));
  if (params.length === 0 || names.has(undefined)) return false;
  return names.size < params.length || /\barguments\b/.test(code.slice(start, end));
}

/** Types are still there where the bundler compiles them itself, and may hold an arrow, too. */
function behindArrow(node: FunctionNode, { code }: Site): number {
  const last = childOf(node, "returnType") ?? node.params.at(-1) ?? childOf(node, "typeParameters");
  return behind(code, "=>", last?.end ?? node.start);
}
