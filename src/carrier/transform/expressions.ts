// Where an expression suspends: leave just before, be back just behind. A call with a name in front fits wherever the
// expression stood, and starts no line that could be taken for the rest of the one before. Where one could be taken for
// the rest of the call, a semicolon ends it.

import { behind, beforeSemicolon, isOpenEnd } from "./punctuation.ts";
import { enterLate } from "./functions.ts";
import type { Helper, Rule, Site, Step } from "./site.ts";
import { childOf, mayBeThenable, type Node } from "./syntax.ts";

/** `await x` → `back($,await leave($,x))`. */
export const awaitRule: Rule = (node, site) => {
  // An iterator that is open is closed when the promise is rejected, before any catch could be back in the context:
  // there, the rejection comes as a value, and is thrown in the context.
  const [back, leave] = site.isIterating ? (["settled", "settle"] as const) : (["back", "leave"] as const);
  around(site, node, node.start + "await".length, back, leave);
};

/** `yield x` → `asked($,yield leave($,x))`; `yield* x` → `back($,yield* iterable($,x))`. */
export const yieldRule: Rule = (node, site) => {
  if (site.isIterating) {
    const why = "a `yield` within a destructuring, or in the head of a loop, cannot keep the context";
    site.refuse(node, `${why}: yield first, then destructure in a separate statement`);
  }
  const keywordEnd = node.start + "yield".length;
  const { edits } = site;
  if (childOf(node, "argument") === undefined) {
    edits.open(node.start, site.callWith("asked"));
    site.close(node.end, ` ${site.call("leave")})`);
    endLine(node.end, site);
    return;
  }
  if (node["delegate"] === true) around(site, node, behind(site.code, "*", keywordEnd), "back", "iterable");
  else around(site, node, keywordEnd, "asked", "leave");
};

/** `return x`: a thenable is called in the context. An async generator awaits what it returns. */
export const returnRule: Rule = (node, site) => {
  const argument = childOf(node, "argument");
  const { owner } = site;
  if (argument === undefined || owner === undefined) return;
  const isAwaited = owner.node.generator;
  if (!isAwaited && !mayBeThenable(argument)) return;
  const call = site.callWith(isAwaited ? "leave" : "thenable");
  if (owner.kind === "plain") enterLate(owner, site);
  // `return a, b` gives `b`: a call would take the list for two arguments.
  const [begin, end] = argument.type === "SequenceExpression" ? ["(", "))"] : ["", ")"];
  site.edits.open(node.start + "return".length, ` ${call}${begin}`);
  const at = beforeSemicolon(site.code, node.end);
  site.close(at, end);
  endLine(at, site);
};

function around(site: Site, node: Node, inside: number, back: Step | Helper, leave: Step | Helper): void {
  site.edits.open(node.start, site.callWith(back));
  site.edits.open(inside, ` ${site.callWith(leave)}`);
  site.close(node.end, site.endWith(leave) + site.endWith(back));
  endLine(node.end, site, node.type === "AwaitExpression");
}

/** Ends the statement where a line break ended it before a call stood there. */
function endLine(at: number, { code, edits }: Site, isOperand = false): void {
  // Behind all that closes here: only what follows begins with it.
  if (isOpenEnd(code, at, isOperand)) edits.open(at, ";");
}
