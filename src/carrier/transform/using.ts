// `using` and `await using`: the engine disposes of a resource at the end of its block, when the context may be lost.
// The resource is handed to it in an envelope that is back in the context for the call.

import type { Rule, Site } from "./site.ts";
import { childOf, declaratorsOf, isAwaitUsing, isUsing, type Node } from "./syntax.ts";

/** `await using a = x, b = y;` → `const a = x;await using $1=$u($,a);const b = y;await using $2=$u($,b);;` */
export const usingRule: Rule = (node, site) => {
  if (!isUsing(node)) return;
  const declarators = declaratorsOf(node);
  // In the head of a loop it has no value: that is the loop's affair.
  if (childOf(declarators[0] as Node, "init") === undefined) return;
  declarators.forEach((declarator, i) => {
    const before = declarators[i - 1];
    site.edits.replace(before?.end ?? node.start, declarator.start, "const ");
    site.close(declarator.end, `;${envelope(node, declarator, site)}`);
  });
};

/** The statement that hands a declared resource to the engine. */
export function envelope(declaration: Node, declarator: Node, { names, callWith, endWith }: Site): string {
  const { name } = childOf(declarator, "id") as Node & { name: string };
  const helper = isAwaitUsing(declaration) ? "asyncResource" : "resource";
  return `${declaration["kind"] as string} ${names.fresh()}=${callWith(helper)}${name}${endWith(helper)};`;
}
