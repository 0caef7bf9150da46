// Where an expression suspends: leave just before, be back just behind. A call with a name in front fits wherever the
// expression stood, and starts no line that could be taken for the rest of the one before.

import { behind, beforeSemicolon } from "./punctuation.ts";
import type { Rule, Site } from "./site.ts";
import { childOf, mayBeThenable, type Node } from "./syntax.ts";

/** `await x` → `$.r(await $.l(x))`. */
export const awaitRule: Rule = (node, site) => {
  // An iterator that is open is closed when the promise is rejected, before any catch could be back in the context:
  // there, the rejection comes as a value, and is thrown in the context.
  const { frame } = site.names;
  const [back, leave] = site.isIterating
    ? [`${site.use("settled")}(${frame},`, `${site.use("settle")}(${frame},`]
    : [`${frame}.r(`, `${frame}.l(`];
  around(site, node, node.start + "await".length, back, leave);
};

/** `yield x` → `$.y(yield $.w(x))`; `yield* x` → `$.r(yield* $.i(x))`. */
export const yieldRule: Rule = (node, site) => {
  if (site.isIterating) {
    const why = "a `yield` within a destructuring, or in the head of a loop, cannot keep the context";
    site.refuse(node, `${why}: yield first, and take the result apart in a statement of its own`);
  }
  const keywordEnd = node.start + "yield".length;
  const { edits, names } = site;
  if (childOf(node, "argument") === undefined) {
    edits.open(node.start, `${names.frame}.y(`);
    site.close(node.end, ` ${names.frame}.w())`);
    return;
  }
  if (node["delegate"] === true)
    around(site, node, behind(site.code, "*", keywordEnd), `${names.frame}.r(`, `${names.frame}.i(`);
  else around(site, node, keywordEnd, `${names.frame}.y(`, `${names.frame}.w(`);
};

/** `return x`: a thenable is called in the context. An async generator awaits what it returns. */
export const returnRule: Rule = (node, site) => {
  const argument = childOf(node, "argument");
  const { owner, names } = site;
  if (argument === undefined || owner === undefined) return;
  const isAwaited = owner.node.generator;
  if (!isAwaited && !mayBeThenable(argument)) return;
  const call = owner.kind === "plain" ? site.use("thenable") : `${names.frame}.${isAwaited ? "l" : "t"}`;
  site.edits.open(node.start + "return".length, ` ${call}(`);
  site.close(beforeSemicolon(site.code, node.end), ")");
};

function around({ edits, close }: Site, node: Node, inside: number, back: string, leave: string): void {
  edits.open(node.start, back);
  edits.open(inside, ` ${leave}`);
  close(node.end, "))");
}
