// What a module means by a name: something of its own, or of outside.

import { variablesOf } from "./shared-names.ts";
import { childOf, childrenOf, declaratorsOf, eachChild, isFunction, namesOf, type Node } from "./syntax.ts";

/** True when one of `names` stands somewhere for what nothing around it declares: `exports.a`, but not `a.exports`. */
export function usesOuter(node: Node, names: readonly string[]): boolean {
  if (node.type === "Identifier") return names.includes(node["name"] as string);
  const own = declaredBy(node);
  const outer = own.length === 0 ? names : names.filter((name) => !own.includes(name));
  if (outer.length === 0) return false;
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

const NONE: readonly string[] = [];

/** What `node` declares for all that is in it. */
function declaredBy(node: Node): readonly string[] {
  if (isFunction(node)) return [...variablesOf(node.body), ...node.params.flatMap(namesOf)];
  switch (node.type) {
    case "CatchClause":
      return namesOf(childOf(node, "param"));
    case "ForStatement":
      return namesOfBlock(childrenOf(node, "init"));
    case "ForInStatement":
    case "ForOfStatement":
      return namesOfBlock(childrenOf(node, "left"));
    case "Program":
    case "BlockStatement":
    case "StaticBlock":
      return namesOfBlock(childrenOf(node, "body"));
    case "SwitchCase":
      return namesOfBlock(childrenOf(node, "consequent"));
    default:
      return NONE;
  }
}

/** A `var` of the whole module is none: it may be its own name for what it was given, `var exports = exports || {}`. */
function namesOfBlock(statements: readonly Node[]): string[] {
  return statements.flatMap((statement) => {
    const { type, kind } = statement;
    if (type === "FunctionDeclaration" || type === "ClassDeclaration") return namesOf(childOf(statement, "id"));
    if (type !== "VariableDeclaration" || kind === "var") return [];
    return declaratorsOf(statement).flatMap((declarator) => namesOf(childOf(declarator, "id")));
  });
}
