// What an expression awaits first, if all that is evaluated ahead of it is pure.

import { childOf, childrenOf, type Node } from "../../carrier/transform/syntax.ts";
import { isPure } from "./pure.ts";

/** The first `await` that is evaluated, whatever happens; `undefined`: none, or something impure comes first. */
export function firstAwait(node: Node | undefined, isInChain = false): Node | undefined {
  if (!node) return undefined;
  const child = (key: string): Node | undefined => firstAwait(childOf(node, key), isInChain);
  switch (node.type) {
    case "AwaitExpression":
      return node;
    case "ParenthesizedExpression":
      return child("expression");
    case "ChainExpression":
      return firstAwait(childOf(node, "expression"), true);
    case "SpreadElement":
    case "UnaryExpression":
      return child("argument");
    case "LogicalExpression":
      return child("left");
    case "ConditionalExpression":
      return child("test");
    case "BinaryExpression":
      return firstOf([childOf(node, "left"), childOf(node, "right")], isInChain);
    case "TemplateLiteral":
      return firstOf(childrenOf(node, "expressions"), isInChain);
    case "ArrayExpression":
      return firstOf(childrenOf(node, "elements"), isInChain);
    case "ObjectExpression":
      return firstOf(childrenOf(node, "properties").flatMap(partsOf), isInChain);
    case "AssignmentExpression":
      return isTarget(childOf(node, "left")!) ? child("right") : undefined;
    // Behind `?.`, what is not reached is not evaluated either.
    case "MemberExpression":
      return child("object");
    case "CallExpression":
    case "NewExpression":
      return (
        child("callee") ??
        (isInChain ? undefined : firstOf([childOf(node, "callee"), ...childrenOf(node, "arguments")], isInChain))
      );
    default:
      return undefined;
  }
}

function firstOf(nodes: readonly (Node | undefined)[], isInChain: boolean): Node | undefined {
  for (const node of nodes) {
    const found = firstAwait(node, isInChain);
    if (found || !isPure(node)) return found;
  }
  return undefined;
}

function partsOf(property: Node): Node[] {
  if (property.type !== "Property") return [property];
  const key = property["computed"] === true ? childrenOf(property, "key") : [];
  return [...key, ...childrenOf(property, "value")];
}

/** What is evaluated of it ahead of the value is pure. */
function isTarget(left: Node): boolean {
  return left.type !== "MemberExpression" || isPure(left);
}
