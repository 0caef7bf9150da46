// A function's body becomes a block of its own, and a block is stricter: there, a function shares its name with no other
// function and no `var`. Those that do are declared in the way that a block allows, with the same effect.

import type { Site } from "./site.ts";
import {
  childOf,
  childrenOf,
  declaratorsOf,
  eachChild,
  type FunctionNode,
  isFunction,
  namesOf,
  type Node,
} from "./syntax.ts";

/** @param start - where the body's statements begin. */
export function shareNames(node: FunctionNode, start: number, site: Site): void {
  const functions = new Map<string, Node[]>();
  for (const statement of childrenOf(node.body, "body")) {
    if (statement.type !== "FunctionDeclaration") continue;
    const name = nameOf(statement);
    functions.set(name, [...(functions.get(name) ?? []), statement]);
  }
  if (functions.size === 0) return;
  const variables = variablesOf(node.body);
  for (const [name, same] of functions) {
    // The last one counts; the others are never seen.
    for (const hidden of same.slice(0, -1)) site.edits.replace(hidden.start, hidden.end, ";");
    if (variables.has(name)) asVariable(same.at(-1) as Node, start, site);
  }
}

/** `function name() {}` becomes `var name=function () {};` at the start, where it took effect anyway. */
function asVariable(declaration: Node, start: number, { edits }: Site): void {
  const id = childOf(declaration, "id") as Node;
  edits.move(declaration.start, declaration.end, start, [`var ${nameOf(declaration)}=`, ";", ";"]);
  edits.replace(id.start, id.end, "");
}

/** Names of the `var`s of a function, wherever in it they stand, and of functions in blocks: in sloppy code these are such, too. */
export function variablesOf(body: Node): Set<string> {
  const names = new Set<string>();
  collect(body);
  return names;

  function collect(node: Node): void {
    if (node.type === "VariableDeclaration" && node["kind"] === "var") {
      for (const declarator of declaratorsOf(node))
        namesOf(childOf(declarator, "id")).forEach((name) => names.add(name));
    }
    eachChild(node, (child, reach) => {
      if (reach !== "same") return;
      if (!isFunction(child)) collect(child);
      else if (isInBlock(node, child)) names.add(nameOf(child));
    });
  }

  function isInBlock(parent: Node, { type }: Node): boolean {
    return type === "FunctionDeclaration" && parent !== body && parent.type !== "LabeledStatement";
  }
}

function nameOf(declaration: Node): string {
  return (declaration["id"] as { name: string }).name;
}
