// Which expressions ask a query that the rules know: X.sql`…`, of a variable or of `this`.

import { childOf, childrenOf, eachChild, isFunction, namesOf, type Node } from "../../carrier/transform/syntax.ts";
import { identifiersIn, isPure, isTotal, nameOf } from "./pure.ts";

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

/** Something in a function's own code awaits a query, or returns one. */
export function hasQuery(node: Node, code: string): boolean {
  if (awaitedBy(node, code)) return true;
  if (node.type === "ReturnStatement" && askedBy(childOf(node, "argument"), code)) return true;
  let found = false;
  eachChild(node, (child, reach) => {
    found ||= reach === "same" && !isFunction(child) && hasQuery(child, code);
  });
  return found;
}

/** Behind the query, only what it gave is returned, in a form that cannot throw. */
export function isReturnOf(pattern: Node, { query, how }: Asked, next: Node | undefined): boolean {
  const result = next?.type === "ReturnStatement" ? childOf(next, "argument") : undefined;
  if (!result || how === "run" || how === "values") return false;
  const isFlat =
    pattern.type === "Identifier" ||
    (how === undefined &&
      pattern.type === "ArrayPattern" &&
      childrenOf(pattern, "elements").every(({ type }) => type === "Identifier"));
  const names = new Set(namesOf(pattern));
  return isFlat && ![...identifiersIn(query)].some((name) => names.has(name)) && isTotal(result, names);
}
