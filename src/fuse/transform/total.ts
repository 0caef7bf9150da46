// What may stand behind the last query: expressions of what queries gave, which cannot throw, and of which nobody asks anything.

import { childOf, childrenOf, type FunctionNode, namesOf, type Node } from "../../carrier/transform/syntax.ts";
import { isPlainPattern, nameOf } from "./pure.ts";

/** Variables that hold what a query gave: something, a row that is there, or a list of rows that nobody else has had. */
export type Rows = ReadonlyMap<string, "row" | "object" | "list">;

/**
 * True for an expression of what queries gave that cannot throw, and that is no promise and no query.
 *
 * @param known - variables that hold anything: inside an object, nobody asks it.
 */
export function isTotal(node: Node, rows: Rows, known: ReadonlySet<string>): boolean {
  const child = (key: string): boolean => isTotal(childOf(node, key)!, rows, known);
  switch (node.type) {
    case "Literal":
      return true;
    case "Identifier":
      return rows.has(nameOf(node));
    case "MemberExpression": {
      const [property, isNamed] = [childOf(node, "property")!, node["computed"] !== true];
      const isThere = isNamed ? nameOf(property) === "length" : typeof property["value"] === "number";
      const kind = rows.get(nameOf(childOf(node, "object")));
      return kind === "object" ? isNamed : isThere && kind === "list";
    }
    case "CallExpression":
      return isMapped(node, rows, known);
    case "ParenthesizedExpression":
      return child("expression");
    case "ArrayExpression":
      return childrenOf(node, "elements").every((each) => isTotal(each, rows, known));
    case "ObjectExpression":
      return childrenOf(node, "properties").every((each) => isTotalProperty(each, rows, known));
    case "ChainExpression": {
      const member = childOf(node, "expression")!;
      const { type, optional, computed } = member;
      const isMember = type === "MemberExpression" && optional === true && computed !== true;
      return isMember && isTotal(childOf(member, "object")!, rows, NONE);
    }
    case "ConditionalExpression":
      return child("test") && child("consequent") && child("alternate");
    case "LogicalExpression":
      return child("left") && child("right");
    default:
      return false;
  }
}

const NONE: ReadonlySet<string> = new Set();

// Under any name but that of a promise's method.
function isTotalProperty(property: Node, rows: Rows, known: ReadonlySet<string>): boolean {
  const value = childOf(property, "value");
  if (property.type !== "Property" || property["computed"] === true || property["kind"] !== "init" || !value)
    return false;
  const key = childOf(property, "key")!;
  if ([key["name"], key["value"]].some((each) => each === "then" || each === "__proto__")) return false;
  return known.has(nameOf(value)) || isTotal(value, rows, known);
}

/** `rows.map((row) => …)`, and `filter`. */
function isMapped(node: Node, rows: Rows, known: ReadonlySet<string>): boolean {
  const [callee, given] = [childOf(node, "callee")!, childrenOf(node, "arguments")];
  if (callee.type !== "MemberExpression" || callee["computed"] === true || callee["optional"] === true) return false;
  if (!/^(?:map|filter)$/.test(nameOf(childOf(callee, "property")))) return false;
  if (rows.get(nameOf(childOf(callee, "object"))) !== "list" || given.length !== 1) return false;
  const [made] = given as [FunctionNode];
  const [param] = made.type === "ArrowFunctionExpression" && !made.async ? made.params : [];
  if (!param || made.params.length > 1 || made.body.type === "BlockStatement") return false;
  if (param.type !== "Identifier" && !(param.type === "ObjectPattern" && namesOf(param).length > 0)) return false;
  if (!isPlainPattern(param) || !childrenOf(param, "properties").every(isFlat)) return false;
  const own = namesOf(param).map((name) => [name, param.type === "Identifier" ? "object" : "row"] as const);
  const names = new Set(namesOf(param));
  return isTotal(made.body, new Map([...rows, ...own]), new Set([...known].filter((name) => !names.has(name))));
}

function isFlat(property: Node): boolean {
  return childOf(property, "value")?.type === "Identifier";
}
