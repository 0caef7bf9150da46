// What may be evaluated while statements are held: nothing of it runs code that could tell. Members and methods by name are assumed
// to be those of plain objects, arrays, texts, numbers and dates: docs/fuse.md says so.

import { childOf, childrenOf, eachChild, isFunction, type Node } from "../../carrier/transform/syntax.ts";

const CALLS: ReadonlySet<string> = new Set([
  "String",
  "Number",
  "Boolean",
  "BigInt",
  "parseInt",
  "parseFloat",
  "isNaN",
]);
const MADE: ReadonlySet<string> = new Set(["Error", "TypeError", "RangeError", "Date", "Map", "Set"]);
const OF_GLOBALS: Readonly<Record<string, RegExp>> = {
  Math: /^(?!random$)/,
  JSON: /^(?:stringify|parse)$/,
  Date: /^now$/,
  Array: /^(?:isArray|from)$/,
  Number: /^is|^parse/,
  Object: /^(?:keys|values|entries|fromEntries)$/,
  crypto: /^randomUUID$/,
};
const METHODS: ReadonlySet<string> = new Set(
  (
    "map filter reduce some every find findIndex flatMap join slice concat includes indexOf at toFixed toString toISOString trim " +
    "toLowerCase toUpperCase startsWith endsWith padStart padEnd split getTime"
  ).split(" "),
);

/** True for an expression that cannot tell whether a statement ahead of it has run. It may throw. */
export function isPure(node: Node | undefined): boolean {
  if (node === undefined) return true;
  const child = (key: string): boolean => isPure(childOf(node, key));
  const all = (key: string): boolean => childrenOf(node, key).every((each) => isPure(each));
  switch (node.type) {
    case "Literal":
    case "Identifier":
    case "ThisExpression":
    case "ArrowFunctionExpression":
    case "FunctionExpression":
      return true;
    case "TemplateLiteral":
      return all("expressions");
    case "ChainExpression":
    case "ParenthesizedExpression":
      return child("expression");
    case "MemberExpression":
      return child("object") && (node["computed"] !== true || child("property"));
    case "SpreadElement":
    case "UnaryExpression":
      return node["operator"] !== "delete" && child("argument");
    case "BinaryExpression":
    case "LogicalExpression":
      return !["in", "instanceof"].includes(node["operator"] as string) && child("left") && child("right");
    case "ConditionalExpression":
      return child("test") && child("consequent") && child("alternate");
    case "ArrayExpression":
      return all("elements");
    case "ObjectExpression":
      return all("properties");
    case "Property":
      return child("value") && (node["computed"] !== true || child("key"));
    case "NewExpression":
      return MADE.has(nameOf(childOf(node, "callee"))) && all("arguments");
    case "CallExpression":
      return isPureCall(node);
    default:
      return false;
  }
}

function isPureCall(node: Node): boolean {
  const callee = childOf(node, "callee")!;
  const given = childrenOf(node, "arguments");
  if (callee.type === "Identifier") return CALLS.has(nameOf(callee)) && given.every((each) => isPure(each));
  if (callee.type !== "MemberExpression" || callee["computed"] === true) return false;
  const [object, name] = [childOf(callee, "object")!, nameOf(childOf(callee, "property"))];
  const isKnown = object.type === "Identifier" && OF_GLOBALS[nameOf(object)]?.test(name);
  const isArgument = (node: Node, index: number): boolean =>
    CALLS_FIRST.test(name) && index === 0
      ? isCalled(node)
      : isPure(node) && (index === 0 || !CALLS_SECOND.test(name) || isCalled(node));
  return (isKnown || (METHODS.has(name) && isPure(object))) && given.every(isArgument);
}

const CALLS_FIRST = /^(?:map|filter|reduce|some|every|find|findIndex|flatMap)$/;
const CALLS_SECOND = /^(?:from|parse|stringify)$/;

/** A function that is called at once: written there, and its body is an expression of this kind. */
function isCalled(node: Node): boolean {
  return isFunction(node) && !node.async && !node.generator && node.body.type !== "BlockStatement" && isPure(node.body);
}

/** True for an expression of what a query gave that cannot throw, and that is no promise and no query. */
export function isTotal(node: Node, names: ReadonlySet<string>): boolean {
  const child = (key: string): boolean => isTotal(childOf(node, key)!, names);
  switch (node.type) {
    case "Literal":
      return true;
    case "Identifier":
      return names.has(nameOf(node));
    case "ParenthesizedExpression":
      return child("expression");
    case "ArrayExpression":
      return childrenOf(node, "elements").every((each) => isTotal(each, names));
    case "ObjectExpression":
      return childrenOf(node, "properties").every((each) => isTotalProperty(each, names));
    case "ChainExpression": {
      const { type, optional, computed } = childOf(node, "expression")!;
      return (
        type === "MemberExpression" &&
        optional === true &&
        computed !== true &&
        isOf(childOf(node, "expression")!, names)
      );
    }
    case "ConditionalExpression":
      return child("test") && child("consequent") && child("alternate");
    case "LogicalExpression":
      return child("left") && child("right");
    default:
      return false;
  }
}

// Under any name but that of a promise's method.
function isTotalProperty(property: Node, names: ReadonlySet<string>): boolean {
  const value = childOf(property, "value");
  if (property.type !== "Property" || property["computed"] === true || property["kind"] !== "init" || !value)
    return false;
  const key = childOf(property, "key")!;
  return ![key["name"], key["value"]].some((each) => each === "then" || each === "__proto__") && isTotal(value, names);
}

function isOf(member: Node, names: ReadonlySet<string>): boolean {
  return isTotal(childOf(member, "object")!, names);
}

export function nameOf(node: Node | undefined): string {
  return node?.type === "Identifier" ? (node["name"] as string) : "";
}

/** A pattern of names alone, without defaults and rests. */
export function isPlainPattern(node: Node): boolean {
  if (node.type === "Identifier") return true;
  if (node.type === "ArrayPattern") return childrenOf(node, "elements").every(isPlainPattern);
  if (node.type !== "ObjectPattern") return false;
  return childrenOf(node, "properties").every(
    (each) => each.type === "Property" && each["computed"] !== true && isPlainPattern(childOf(each, "value")!),
  );
}

/** All identifiers in a node, functions inside of it included. */
export function identifiersIn(node: Node, found: Set<string> = new Set()): Set<string> {
  if (node.type === "Identifier") found.add(nameOf(node));
  eachChild(node, (child) => void identifiersIn(child, found));
  return found;
}
