// The context of a call is kept over every `await`, wherever in an expression or a statement it stands.

import { describe, test } from "vitest";
import { expectAgreement } from "./agreement.ts";
import { parse, parseWithoutParentheses } from "./kit.ts";

const programs: Record<string, string> = {
  "of a value that is no promise": "async function main() { await null; p(1); await 5; p(2); }",
  "of a promise, early and late": "async function main() { p(0); await resolved(); p(1); await timer(); p(2); }",
  "one in the other":
    "async function f(x) { await x; p(1); return x } async function main() { p(0); await f(await f(await timer())); p(2); }",
  "in an arrow function": "const f = async () => await (p(1), timer()); const main = async () => { await f(); p(2); }",
  "in an arrow function in parentheses":
    "const f = async () => (await timer(), 1); async function main() { await f(); p(2); }",
  "in the arguments of a call, from left to right":
    "const f = (...all) => all; async function main() { f(p(0), await timer(), p(1), await 1, p(2)); }",
  "on both sides of an operator": "async function main() { (await timer()) + p(1) || (await timer()) ** 2 && p(2); }",
  "in a template": "async function main() { `${await timer()}${p(1)}`; }",
  "in a compound assignment": "async function main() { let n = 1; n += await timer(); p(n); }",
  "behind ?. and ??":
    "async function main() { const o = { m: async () => (await 1, p(1)) }; (await o?.m?.()) ?? p(2); }",
  "before ?. and a call":
    "async function main() { (await timer())?.toFixed(); new (await class {})(); (await String.raw)`x`; p(1); }",
  "in a conditional": "async function main() { (await timer()) ? await 1 : await 2; p(1); }",
  "in the head of an if, a while, a switch":
    "async function main() { if (await timer()) p(1); let n = 2; while (await (n--, timer()), n) p(2); switch (await 1) { case await timer(): p(3); default: p(4); } }",
  "in a loop without braces": "async function main() { for (let i = 0; i < 3; i++) await timer(), p(1); }",
  "in an else without braces":
    "async function main() { if (0) p(9); else await timer(); p(1); do await timer(); while (p(2)); }",
  "in the head of a for":
    "async function main() { for (let i = await timer(); await (i < 3); i += await timer()) p(1); p(2); }",
  "in a for … in": "async function main() { for (const k in await { a: 1 }) { await timer(); p(k); } p(2); }",
  "in object and array literals":
    "async function main() { ({ [await 'a']: await timer(), ...(await null), x: p(1) }); [await timer(), ...[await 1], p(2)]; }",
  "in a nested function that is not async":
    "async function main() { await [1].map(() => async () => { await timer(); p(1); })[0](); p(2); }",
  "in default parameters":
    "const g = async () => { await timer(); p(1); }; const f = async (x = g(), { y = x } = {}) => { await y; p(2); }; const main = () => f();",
  "in a nested run, and behind it":
    'async function main() { await run("C", async () => { await timer(); p(1); }); p(2); const c = run("C", () => timer()); p(3); await c; }',
  "in tasks that nobody waits for":
    "async function late(n) { await timer(); await timer(); p(n); } async function main() { void late(1); void late(2); await timer(); p(3); }",
  "of a dynamic call of itself": "async function main(n = 3) { await timer(); p(n); if (n) await main(n - 1); }",
};

describe.each(Object.entries({ parse, parseWithoutParentheses }))("read by %s", (_name, read) => {
  test.each(Object.entries(programs))("the context is kept over an await %s", async (_title, source) => {
    await expectAgreement(source, { parse: read });
  });
});
