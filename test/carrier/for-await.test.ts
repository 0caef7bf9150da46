// `for await` keeps the context: in its steps, in its body, behind it, whichever way it is left.

import { test } from "vitest";
import { expectAgreement } from "./agreement.ts";

test.each<[string, string]>([
  ["to the end", "for await (const x of source()) p(x);"],
  ["over promises in an array", "for await (const x of [timer(), 2, resolved()]) { p(x); }"],
  ["over an expression in parentheses", "for await (const x of (0, [1, timer()])) p(x);"],
  ["with a body of one statement", "for await (const x of source()) await timer(), p(x); p(0)"],
  ["with an empty body", "for await (const x of source()) {} p(1); for await (const x of source()); p(2);"],
  [
    "with let, and without a declaration",
    "let y; for await (let x of source()) x = p(x); for await (y of source()) p(1); for await ((y) of [1]) p(2);",
  ],
  [
    "that takes its steps apart",
    "for await (const { a = p(1), b: [c = p(2)] = [] } of source()) p(3); var d; for await ({ d = p(4) } of source()) { let d; p(5); } for await (const [e = await timer()] of [[]]) p(6);",
  ],
  [
    "into a member",
    "const o = { set x(v) { p(1); } }; for await (o.x of source()) p(2); for await (o[(p(3), 'x')] of source()) ;",
  ],
  ["with a break", "for await (const x of source()) { p(1); break; } p(2);"],
  ["with a continue", "for await (const x of source()) { if (x) continue; p(1); } p(2);"],
  [
    "that continues an outer loop",
    "outer: for (let i = 0; i < 2; i++) { for await (const x of source()) { p(1); continue outer; } } p(2);",
  ],
  [
    "with labels of its own",
    "a: b: for await (const x of source()) { for (;;) { p(1); continue b; } } c: for await (const x of source()) { p(2); break c; } p(3);",
  ],
  ["with a return", "await (async () => { for await (const x of source()) { p(1); return; } })(); p(2);"],
  ["with a throw", "try { for await (const x of source()) throw 1; } catch { p(1); } p(2);"],
  ["with a rejection in its body", "try { for await (const x of source()) await rejected(); } catch { p(1); } p(2);"],
  ["with a rejection among its steps", "try { for await (const x of [1, rejected()]) p(1); } catch { p(2); } p(3);"],
  ["over what cannot be iterated", "try { for await (const x of 5); } catch { p(1); } await timer(); p(2);"],
  ["over an iterator that cannot be closed", "for await (const x of bare()) { p(1); break; } p(2);"],
  ["one in the other", "for await (const x of source()) for await (const y of [1, timer()]) p(y); p(0);"],
  ["as the body of an if", "if (await timer()) for await (const x of source()) p(x); else p(9); p(1);"],
])("a for await %s", async (_name, body) => {
  await expectAgreement(`async function main() { ${body} }`);
});
