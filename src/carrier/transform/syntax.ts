// As much of ESTree as the transform needs to know. Any parser that gives `start` and `end` in UTF-16 units will do.

/** A node of a syntax tree; `[key]` holds what its type has besides. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

export interface FunctionNode extends Node {
  readonly async: boolean;
  readonly generator: boolean;
  readonly id: Node | null;
  readonly params: readonly Node[];
  /** A block, or the expression of an arrow function. */
  readonly body: Node;
}

/** `same`: run by the function that the parent stands in. `apart`: run by another. `body`: run by the parent itself. */
export type Reach = "same" | "apart" | "body";

export function isFunction(node: Node): node is FunctionNode {
  const { type } = node;
  return type === "FunctionDeclaration" || type === "FunctionExpression" || type === "ArrowFunctionExpression";
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string";
}

/** The node's children of one key, whether it holds one or a list. */
export function childrenOf(node: Node, key: string): Node[] {
  const value = node[key];
  return Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : [];
}

export function childOf(node: Node, key: string): Node | undefined {
  const value = node[key];
  return isNode(value) ? value : undefined;
}

/** Calls `visit` for every child, in no order that counts. */
export function eachChild(node: Node, visit: (child: Node, reach: Reach, key: string) => void): void {
  for (const key in node) {
    const value = node[key];
    if (typeof value !== "object" || value === null || key === "parent") continue;
    const reach = reachOf(node, key);
    if (!Array.isArray(value)) {
      if (isNode(value)) visit(value, reach, key);
    } else for (const child of value) if (isNode(child)) visit(child, reach, key);
  }
}

function reachOf(node: Node, key: string): Reach {
  switch (node.type) {
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      return key === "body" ? "body" : "apart";
    // A field's value is a function of its own; its computed name and its decorators are not.
    case "PropertyDefinition":
    case "AccessorProperty":
      return key === "value" ? "apart" : "same";
    case "StaticBlock":
      return "apart";
    default:
      return "same";
  }
}

const MODULE_SYNTAX: ReadonlySet<string> = new Set([
  "ImportDeclaration",
  "ExportAllDeclaration",
  "ExportDefaultDeclaration",
  "ExportNamedDeclaration",
]);

export function hasModuleSyntax(program: Node): boolean {
  return childrenOf(program, "body").some(({ type }) => MODULE_SYNTAX.has(type));
}

/** The statements of a function's body that are directives: `"use strict"`. */
export function directivesOf(block: Node): Node[] {
  return childrenOf(block, "body").filter((statement) => typeof statement["directive"] === "string");
}

/** True for a pattern that only names a variable: nothing of the user's runs when it is assigned. */
export function isPlainTarget(left: Node): boolean {
  if (left.type === "Identifier") return true;
  return left.type === "VariableDeclaration" && childOf(declaratorsOf(left)[0] as Node, "id")?.type === "Identifier";
}

/** The names that a pattern gives to something; none for none. */
export function namesOf(pattern: Node | undefined): string[] {
  if (pattern === undefined) return [];
  if (pattern.type === "Identifier") return [pattern["name"] as string];
  const names: string[] = [];
  eachChild(pattern, (child, _reach, key) => {
    // What is to the right is a default.
    if (key !== "key" && key !== "right") names.push(...namesOf(child));
  });
  return names;
}

export function declaratorsOf(declaration: Node): Node[] {
  return childrenOf(declaration, "declarations");
}

/** `using` and `await using` only. */
export function isUsing(node: Node | undefined): node is Node {
  return node?.type === "VariableDeclaration" && (node["kind"] === "using" || node["kind"] === "await using");
}

export function isAwaitUsing(node: Node | undefined): node is Node {
  return isUsing(node) && node["kind"] === "await using";
}

const NEVER_THENABLE: ReadonlySet<string> = new Set([
  "ArrayExpression",
  "ArrowFunctionExpression",
  "BinaryExpression",
  "FunctionExpression",
  "Literal",
  "TemplateLiteral",
  "UnaryExpression",
  "UpdateExpression",
]);

/** False for an expression whose value cannot have a `then`, whatever runs. */
export function mayBeThenable(expression: Node): boolean {
  if (expression.type !== "ParenthesizedExpression") return !NEVER_THENABLE.has(expression.type);
  return mayBeThenable(expression["expression"] as Node);
}
