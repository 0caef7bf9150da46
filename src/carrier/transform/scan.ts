// Where functions suspend: one look over the tree before anything is rewritten.

import { firstIndex } from "./first-index.ts";
import { childOf, eachChild, type FunctionNode, isAwaitUsing, type Node } from "./syntax.ts";

/** What the rules ask of a tree. */
export interface Scan {
  /** Nodes that hold a suspension of the function they stand in; a function that suspends is one of them itself. */
  readonly suspending: ReadonlySet<Node>;
  readonly words: Words;
}

/** What need not be looked at: in most of a module there is nothing to be done. */
export interface Words {
  /** False: no async function between these places. */
  readonly hasAsync: (start: number, end: number) => boolean;
  /** False: nothing there that any rule is for. */
  readonly hasAny: (start: number, end: number) => boolean;
}

export function scan(program: Node, code: string): Scan {
  const suspending = new Set<Node>();
  const words: Words = {
    hasAsync: finder(code, /\basync\b/g),
    hasAny: finder(code, /\b(?:async|await|return|using|yield)\b/g),
  };
  look(program, undefined);
  return { suspending, words };

  /** Tells whether `node` holds a suspension of `owner`, the async function that it stands in. */
  function look(node: Node, owner: FunctionNode | undefined): boolean {
    if (isSkippable(node, owner, words)) return false;
    let found = owner !== undefined && isSuspension(node, owner);
    eachChild(node, (child, reach) => {
      if (reach === "same") found = look(child, owner) || found;
      else if (reach === "apart") look(child, undefined);
      else lookInto(node as FunctionNode, child);
    });
    if (found) suspending.add(node);
    return found;
  }

  function lookInto(node: FunctionNode, body: Node): void {
    if (look(body, node.async ? node : undefined)) suspending.add(node);
  }
}

/** A method's function begins behind its word `async`. */
export function isSkippable(node: Node, owner: object | undefined, { hasAsync, hasAny }: Words): boolean {
  return node["async"] !== true && !(owner === undefined ? hasAsync : hasAny)(node.start, node.end);
}

/** Awaits, and implicit awaits: each step of a loop, the end of a block, what an async generator gives away. */
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

/** Tells whether a text holds one of the words between two places. */
function finder(code: string, words: RegExp): Words["hasAny"] {
  const places = Array.from(code.matchAll(words), ({ index }) => index);
  return (start, end) => (places[firstIndex(places.length, (i) => (places[i] as number) >= start)] ?? Infinity) < end;
}
