// What may be evaluated while statements are held: nothing of it runs code that could tell. Members and methods by name are assumed
// to be those of plain objects, arrays, texts, numbers and dates: docs/fuse.md says so.

import {
  childOf,
  childrenOf,
  eachChild,
  type FunctionNode,
  isFunction,
  type Node,
} from "../../carrier/transform/syntax.ts";

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
    "map filter reduce some every find findIndex findLast flatMap flat join slice concat includes indexOf lastIndexOf at entries " +
    "keys values toSorted toReversed toFixed toString toISOString trim trimStart trimEnd toLowerCase toUpperCase startsWith " +
    "endsWith padStart padEnd split substring charAt charCodeAt repeat normalize replace replaceAll localeCompare getTime " +
    "getFullYear getMonth getDate getHours getMinutes valueOf"
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
  if (callee.type === "Identifier")
    return (CALLS.has(nameOf(callee)) || harmless.has(callee)) && given.every((each) => isPure(each));
  if (callee.type !== "MemberExpression" || callee["computed"] === true) return false;
  const [object, name] = [childOf(callee, "object")!, nameOf(childOf(callee, "property"))];
  const isKnown = object.type === "Identifier" && OF_GLOBALS[nameOf(object)]?.test(name);
  const isArgument = (node: Node, index: number): boolean =>
    CALLS_FIRST.test(name) && index === 0
      ? isCalled(node)
      : isPure(node) && (index === 0 || !CALLS_SECOND.test(name) || isText(node) || isCalled(node));
  return (isKnown || (METHODS.has(name) && isPure(object))) && given.every(isArgument);
}

const CALLS_FIRST = /^(?:map|filter|reduce|some|every|find|findIndex|findLast|flatMap|toSorted)$/;
const CALLS_SECOND = /^(?:from|parse|stringify|replace|replaceAll)$/;

/** A function that is called at once: written there, and its body is an expression of this kind. */
function isCalled(node: Node): boolean {
  if (node.type === "Identifier") return CALLS.has(nameOf(node)) || harmless.has(node);
  return isFunction(node) && node.body.type !== "BlockStatement" && isHarmlessFunction(node);
}

/** No function. */
function isText({ type }: Node): boolean {
  return type === "Literal" || type === "TemplateLiteral";
}

/** Names that stand for functions which are harmless to call: `functions.ts` has found them. */
const harmless = new WeakSet<Node>();

export function addHarmless(name: Node): void {
  harmless.add(name);
}

/** A function that does nothing but compute. It may throw. */
export function isHarmlessFunction({ async, generator, params, body }: FunctionNode): boolean {
  if (async || generator || !params.every(isQuietParam)) return false;
  return body.type === "BlockStatement" ? childrenOf(body, "body").every(isHarmlessStatement) : isPure(body);
}

/** What it takes apart and puts in place of what is missing runs nothing that could tell. */
export function isQuietParam(param: Node): boolean {
  if (param.type === "RestElement") return isPlainPattern(childOf(param, "argument")!);
  if (param.type !== "AssignmentPattern") return isPlainPattern(param);
  return isPlainPattern(childOf(param, "left")!) && isPure(childOf(param, "right"));
}

function isHarmlessStatement(node: Node): boolean {
  switch (node.type) {
    case "ReturnStatement":
    case "ThrowStatement":
      return isPure(childOf(node, "argument"));
    case "BlockStatement":
      return childrenOf(node, "body").every(isHarmlessStatement);
    case "IfStatement":
      return (
        isPure(childOf(node, "test")) &&
        [childOf(node, "consequent"), childOf(node, "alternate")].every((each) => !each || isHarmlessStatement(each))
      );
    case "VariableDeclaration":
      return (
        /^(?:const|let)$/.test(node["kind"] as string) &&
        childrenOf(node, "declarations").every(
          (each) => isPlainPattern(childOf(each, "id")!) && isPure(childOf(each, "init")),
        )
      );
    default:
      return false;
  }
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

/** Whether a node, with the functions inside, uses one of these variables. */
export function mentions(node: Node, names: ReadonlySet<string>): boolean {
  if (node.type === "Identifier") return names.has(nameOf(node));
  let found = false;
  eachChild(node, (child, _reach, key) => {
    const isName =
      node["computed"] !== true &&
      ((node.type === "MemberExpression" && key === "property") || (node.type === "Property" && key === "key"));
    found ||= !isName && mentions(child, names);
  });
  return found;
}
