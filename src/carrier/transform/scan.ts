// Where functions suspend: one look over the tree before anything is rewritten.

import { childOf, eachChild, type FunctionNode, isAwaitUsing, isFunction, type Node } from "./syntax.ts";

/** What the rules ask of a tree. */
export interface Scan {
  /** Nodes that hold a suspension of the function they stand in; a function that suspends is one of them itself. */
  readonly suspending: ReadonlySet<Node>;
  /** False: no async function between these places. */
  readonly hasAsync: (start: number, end: number) => boolean;
}

export function scan(program: Node, code: string): Scan {
  const suspending = new Set<Node>();
  const hasAsync = asyncFinder(code);
  look(program, undefined);
  return { suspending, hasAsync };

  /** Tells whether `node` holds a suspension of `owner`, the async function that it stands in. */
  function look(node: Node, owner: FunctionNode | undefined): boolean {
    if (isSkippable(node, owner, hasAsync)) return false;
    let found = owner !== undefined && isSuspension(node, owner);
    eachChild(node, (child, reach) => {
      if (reach === "same") found = look(child, owner) || found;
      else if (reach === "apart") look(child, undefined);
      else lookInto(node as FunctionNode, child);
    });
    if (isFunction(node)) return false;
    if (found) suspending.add(node);
    return found;
  }

  function lookInto(node: FunctionNode, body: Node): void {
    if (look(body, node.async ? node : undefined)) suspending.add(node);
  }
}

/** True outside of async functions where there is none within. A method's function begins behind its word `async`. */
export function isSkippable(node: Node, owner: object | undefined, hasAsync: Scan["hasAsync"]): boolean {
  return owner === undefined && node["async"] !== true && !hasAsync(node.start, node.end);
}

/** Awaits, and what awaits unseen: each step of a loop, the end of a block, what an async generator gives away. */
function isSuspension(node: Node, owner: FunctionNode): boolean {
  switch (node.type) {
    case "AwaitExpression":
      return true;
    case "ForOfStatement":
      return node["await"] === true;
    case "VariableDeclaration":
      return isAwaitUsing(node);
    case "YieldExpression":
      return true;
    case "ReturnStatement":
      return owner.generator && childOf(node, "argument") !== undefined;
    default:
      return false;
  }
}

/** Most of a module is never looked at: it holds no word `async`. */
function asyncFinder(code: string): Scan["hasAsync"] {
  const places = Array.from(code.matchAll(/\basync\b/g), ({ index }) => index);
  return (start, end) => {
    let [low, high] = [0, places.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((places[middle] as number) < start) low = middle + 1;
      else high = middle;
    }
    return (places[low] ?? Infinity) < end;
  };
}
