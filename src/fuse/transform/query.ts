// Which expressions ask a query that the rules know: X.sql`…`, of a variable or of `this`.

import {
  childOf,
  childrenOf,
  eachChild,
  type FunctionNode,
  isFunction,
  namesOf,
  type Node,
} from "../../carrier/transform/syntax.ts";
import { isPure, isQuietParam, mentions, nameOf } from "./pure.ts";

export interface Asked {
  readonly query: Node;
  /** `.first()` behind it. */
  readonly how: string | undefined;
  /** The values of the template are pure. */
  readonly isPure: boolean;
  /** Text of what makes it: `tx.sql`. */
  readonly tag: string;
  /** Comments or parentheses stand between: it is left alone. */
  readonly isInside: boolean;
}

/** What an expression asks, awaited or not. */
export function askedBy(node: Node | undefined, code: string): Asked | undefined {
  if (!node) return undefined;
  const inner = node.type === "AwaitExpression" ? childOf(node, "argument")! : node;
  const call = inner.type === "CallExpression" ? inner : undefined;
  const method = call && childOf(call, "callee")!;
  const how =
    method?.type === "MemberExpression" && method["computed"] !== true
      ? nameOf(childOf(method, "property"))
      : undefined;
  if (call && (!/^(?:first|run|values)$/.test(how ?? "") || childrenOf(call, "arguments").length > 0)) return undefined;
  if (call && (call["optional"] === true || method!["optional"] === true)) return undefined;
  const query = call ? childOf(method!, "object")! : inner;
  const tag = query.type === "TaggedTemplateExpression" ? childOf(query, "tag")! : undefined;
  if (tag?.type !== "MemberExpression" || tag["computed"] === true || nameOf(childOf(tag, "property")) !== "sql")
    return undefined;
  const object = childOf(tag, "object")!;
  if (object.type !== "Identifier" && object.type !== "ThisExpression") return undefined;
  const before = code.slice(node.start, query.start).replace(/^await\b/, "");
  const behind = code.slice(query.end, node.end);
  const values = childrenOf(childOf(query, "quasi")!, "expressions");
  return {
    query,
    how,
    isPure: values.every(isPure),
    tag: code.slice(tag.start, tag.end),
    isInside: before.trim() !== "" || behind.replace(/^\s*\.\s*(?:first|run|values)\s*\(\s*\)/, "").trim() !== "",
  };
}

/** What an `await` asks. */
export function awaitedBy(node: Node | undefined, code: string): Asked | undefined {
  const asked = node?.type === "AwaitExpression" ? askedBy(node, code) : undefined;
  return asked?.isInside === false ? asked : undefined;
}

/** Queries that are awaited together. */
export interface Together {
  readonly list: Node;
  /** Texts of what makes them. */
  readonly tags: readonly string[];
}

/** ``await Promise.all([x.sql`…`])``, ``await Promise.all(list.map((each) => x.sql`…`))``. */
export function togetherBy(node: Node | undefined, code: string): Together | undefined {
  const call = node?.type === "AwaitExpression" ? childOf(node, "argument")! : undefined;
  const list = call?.type === "CallExpression" ? childrenOf(call, "arguments") : [];
  if (list.length !== 1 || !/^await\s+Promise\s*\.\s*all\s*\($/.test(code.slice(node!.start, list[0]!.start).trim()))
    return undefined;
  if (!/^\s*,?\s*\)$/.test(code.slice(list[0]!.end, node!.end))) return undefined;
  const queries = list[0]!.type === "ArrayExpression" ? childrenOf(list[0]!, "elements") : mappedBy(list[0]!);
  const asked = queries.map((each) => (each.type === "AwaitExpression" ? undefined : askedBy(each, code)));
  if (asked.length === 0 || !asked.every((each) => each?.isPure && !each.isInside && !each.how)) return undefined;
  return { list: list[0]!, tags: [...new Set(asked.map((each) => each!.tag))] };
}

/** What `list.map((each) => x.sql`…`)` makes of each, if `x` is not one of them. */
function mappedBy(node: Node): Node[] {
  const callee = node.type === "CallExpression" ? childOf(node, "callee") : undefined;
  const [made, ...rest] = callee ? childrenOf(node, "arguments") : [];
  if (callee?.type !== "MemberExpression" || callee["computed"] === true || callee["optional"] === true) return [];
  if (nameOf(childOf(callee, "property")) !== "map" || !isPure(childOf(callee, "object"))) return [];
  if (!made || rest.length > 0 || made.type !== "ArrowFunctionExpression" || made["async"] === true) return [];
  const { params, body } = made as FunctionNode;
  const isOne = mentions(childOf(body, "tag") ?? body, new Set(params.flatMap(namesOf)));
  return body.type === "BlockStatement" || !params.every(isQuietParam) || isOne ? [] : [body];
}

/** Something in a node's own code awaits or returns a query, or awaits one of these functions. */
export function asks(node: Node, code: string, functions: ReadonlySet<string>): boolean {
  if (awaitedBy(node, code) || functions.has(calleeOf(node))) return true;
  if (node.type === "ReturnStatement") {
    const argument = childOf(node, "argument");
    if (askedBy(argument, code) || functions.has(nameOf(argument && childOf(argument, "callee")))) return true;
  }
  let found = false;
  eachChild(node, (child, reach) => {
    found ||= reach === "same" && !isFunction(child) && asks(child, code, functions);
  });
  return found;
}

/** Of `await f()`. */
function calleeOf(node: Node): string {
  const call = node.type === "AwaitExpression" ? childOf(node, "argument") : undefined;
  return call?.type === "CallExpression" ? nameOf(childOf(call, "callee")) : "";
}

/** The names that a pattern gives to what a query answers with, where that cannot throw. */
export function flatNamesOf(pattern: Node, { how }: Asked): string[] | undefined {
  const isFlat =
    pattern.type === "Identifier" ||
    (how === undefined &&
      pattern.type === "ArrayPattern" &&
      childrenOf(pattern, "elements").every(({ type }) => type === "Identifier"));
  return isFlat ? namesOf(pattern) : undefined;
}
