// Loops: `for await` suspends before each step and at its end; a rejection inside of `for … of` closes its iterator.

import { behind, lastParenthesis } from "./punctuation.ts";
import type { Rule, Site } from "./site.ts";
import { childOf, declaratorsOf, isAwaitUsing, isPlainTarget, isUsing, type Node } from "./syntax.ts";
import { envelope } from "./using.ts";

export const forOfRule: Rule = (node, site) => {
  const [left, right, body] = ["left", "right", "body"].map((key) => childOf(node, key)) as [Node, Node, Node];
  const { edits, code } = site;
  const isAwait = node["await"] === true;
  if (isAwait) {
    beBackBehind(node, site);
    edits.open(behind(code, "of", left.end), ` ${site.callWith("iterable")}`);
    site.close(lastParenthesis(code, right.end, body.start), site.endWith("iterable"));
  }
  const first = isAwait ? `${site.call("caught")};` : "";
  const isClosing = isAwaitUsing(left) || (!isAwait && site.scan.suspending.has(body));
  const [attempt, end] = isClosing ? ["try{", `}finally{${site.call("caught")}}`] : ["", ""];
  const taken = isUsing(left) ? take(left, site) : "";
  const entry = first + attempt + taken;
  if (entry === "") return;
  if (isAwait && !isUsing(left) && !isPlainTarget(left)) return takeApart(left, body, entry, site);
  edits.open(body.start, `{${entry}`);
  site.close(body.end, `${end}}`);
};

/** The head of a loop over resources: its variable becomes a constant, and what the body starts with is given. */
function take(left: Node, site: Site): string {
  const [declarator] = declaratorsOf(left) as [Node];
  site.edits.replace(left.start, declarator.start, "const ");
  return envelope(left, declarator, site);
}

/** `for await (const { a = f() } of …)`: what takes the step apart may run code of the user's; it is done inside. */
function takeApart(left: Node, body: Node, entry: string, site: Site): void {
  const { given } = site.names;
  const isDeclaration = left.type === "VariableDeclaration";
  const [before, behind] = isDeclaration ? ["", `=${given};`] : ["(", `=${given});`];
  site.edits.move(left.start, left.end, body.start, [`{${entry}${before}`, behind, `const ${given}`]);
  site.close(body.end, "}");
}

/** `for (await using a = x; …)`: the resource is declared before the loop, and awaited behind it. */
export const forRule: Rule = (node, site) => {
  const init = childOf(node, "init");
  if (!isUsing(init)) return;
  site.edits.move(init.start, init.end, site.start, ["{try{", ";", ""]);
  site.close(node.end, `}finally{${site.call("caught")}}}`);
};

/** Be back behind the statement, its labels included: a `break` or `continue` that leaves it awaits, too. */
function beBackBehind(node: Node, site: Site): void {
  site.edits.open(site.start, "try{");
  site.close(node.end, `}finally{${site.call("caught")}}`);
}
