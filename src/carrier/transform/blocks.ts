// Where a rejection arrives: the first thing that a catch, a finally or the end of a block does is to be back.

import type { Rule, Site } from "./site.ts";
import { childOf, childrenOf, isAwaitUsing, type Node } from "./syntax.ts";

/** `catch (error) { … }` and `finally { … }` behind a suspension. */
export const tryRule: Rule = (node, site) => {
  const { suspending } = site.scan;
  const [block, handler, finalizer] = ["block", "handler", "finalizer"].map((key) => childOf(node, key));
  const isLate = suspending.has(block as Node);
  if (handler !== undefined && isLate) catchClause(handler, site);
  if (finalizer !== undefined && (isLate || (handler !== undefined && suspending.has(handler)))) {
    site.edits.open(finalizer.start + 1, `${site.call("caught")};`);
  }
};

/** What takes the error apart may run code of the user's: it is done inside, and out of sight of what the body declares. */
function catchClause(handler: Node, { edits, names, call, close }: Site): void {
  const [body, pattern] = [childOf(handler, "body") as Node, childOf(handler, "param")];
  if (pattern === undefined || pattern.type === "Identifier") {
    edits.open(body.start + 1, `${call("caught")};`);
    return;
  }
  edits.open(pattern.start, `${names.given}){${call("caught")};let `);
  edits.replace(pattern.end, body.start, `=${names.given};`);
  close(body.end, "}");
}

/** At the end of a block with `await using` its resources are awaited. A function's own end needs nothing of it. */
export const blockRule: Rule = (node, site) => {
  if (node === site.owner?.node.body || !childrenOf(node, "body").some(isAwaitUsing)) return;
  site.edits.open(node.start + 1, "try{");
  site.close(node.end - 1, `}finally{${site.call("caught")}}`);
};
