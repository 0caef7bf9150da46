// What a module means by a name: something of its own, or of outside.

import { variablesOf } from "./shared-names.ts";
import { childOf, childrenOf, declaratorsOf, eachChild, isFunction, namesOf, type Node } from "./syntax.ts";

/** True when one of `names` stands somewhere for what nothing around it declares: `exports.a`, but not `a.exports`. */
export function usesOuter(node: Node, names: readonly string[]): boolean {
  const own = declaredBy(node);
  const outer = names.filter((name) => !own.has(name));
  if (outer.length === 0) return false;
  if (node.type === "Identifier") return outer.includes(node["name"] as string);
  let isFound = false;
  eachChild(node, (child, _reach, key) => {
    isFound ||= !isMereName(node, key) && usesOuter(child, outer);
  });
  return isFound;
}

/** What is only called so: a member, a label. */
function isMereName(node: Node, key: string): boolean {
  return key === "label" || ((key === "property" || key === "key") && node["computed"] !== true);
}

/** What `node` declares for all that is in it. */
function declaredBy(node: Node): ReadonlySet<string> {
  if (isFunction(node)) return new Set([...variablesOf(node.body), ...node.params.flatMap(namesOf)]);
  if (node.type === "CatchClause") return new Set(namesOf(childOf(node, "param")));
  // A `var` of the whole module may be its own name for what it was given: `var exports = exports || {}`.
  const declared = ["body", "init", "left", "consequent"]
    .flatMap((key) => childrenOf(node, key))
    .flatMap((child) => {
      if (child.type === "FunctionDeclaration" || child.type === "ClassDeclaration")
        return namesOf(childOf(child, "id"));
      if (child.type !== "VariableDeclaration" || child["kind"] === "var") return [];
      return declaratorsOf(child).flatMap((declarator) => namesOf(childOf(declarator, "id")));
    });
  return new Set(declared);
}
