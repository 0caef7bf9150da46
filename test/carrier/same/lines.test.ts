// Where a line, a statement or an expression ends: what is put in neither ends it, nor draws in what comes behind it.

import { test } from "vitest";
import { expectSame } from "../same.ts";

test.each<[string, string]>([
  ["a list that is returned", "let x; await 0; return x = 1, x + 1"],
  ["a list that is returned, and what it awaits", "let x; return x = await 1, /* , */ x + (await 2) /* ; */ ;"],
  ["a list that is returned where nothing is awaited", "return (async () => { let x; return x = 1, x + 1 })()"],
])("%s", async (_name, body) => {
  await expectSame(`async function main() { ${body} }`);
});

test("a list that a generator returns", async () => {
  await expectSame(`async function* g() { let x; return x = 1, x + 1 } async function* h() { return yield 1, yield 2 }
    async function main() { const i = h(); return [await g().next(), await i.next(), await i.next(), await i.next(3)] }`);
});

// Each `|` is the end of a line without a semicolon. What was no call, and becomes one, must not draw in the next line.
test.each<[string, string]>([
  ["an await of i++ before (", "let i = 1; const a = await i++|(() => log('called'))()|return [i, a]"],
  ["an await of i-- before [", "let i = 1; const a = await i--|[1].forEach(log)|return [i, a]"],
  ["an await of i++ before `", "let i = 1; const a = await i++ // why|`x`|return [i, a]"],
  ["a comment in between", "let i = 1; const a = await i++ /*| */ (() => log('called'))()|return [i, a]"],
  [
    "an arrow function of it",
    "let i = 1; const f = async () => await i++|(() => log('called'))()|return [await f(), i]",
  ],
  ["a return of a choice", "let i = 1; if (await i) return i ? 5 : () => {}|(() => log('called'))()"],
  ["a return of an arrow function", "let f; if (await 1) return f = () => {}|(() => log('called'))()"],
  ["a return before an expression", "let f; if (await 1) return f = () => {}|/re/.test(log(1))"],
  ["a return before else", "if (await 1) return await 2|else return 3"],
  ["a return in a loop before while", "do return await 2|while (log(3))"],
  [
    "an operator on the next line",
    "const a = 5; const b = await a|+ 1|const c = await a|/ 5 / (await 1)|return [b, c]",
  ],
  ["a call on the next line", "const f = (x) => log(x); const a = await f|(3)|return a"],
  ["a member on the next line", "const a = await [7]|[0]|const b = await a|.toFixed|return [a, b]"],
  ["lines that begin with an await", "let x = 1|await x|++x|await x;[x].length|`x`|return x"],
  [
    "lines around a for await",
    "let n = 1|n|for await (const x of [1]) n += x|n++|;(() => {})()|for await (const x of [2]) n|return n",
  ],
  [
    "a loop without braces before (",
    "let i = 1|for await (const x of [1, 2]) i = await i++|(() => log('called'))()|return i",
  ],
  ["an empty return", "await 0|return|5"],
  ["a return of what stands in parentheses", "await 0|return ( // why|5|)"],
  ["a return without a semicolon", "await 0|return (() => { ; })|"],
])("%s", async (_name, lines) => {
  await expectSame(`async function main() {\n${lines.replaceAll("|", "\n")}\n}`);
});

test.each<[string, string]>([
  ["a bare yield before (", "yield|(log('p'))"],
  ["a bare yield before [", "const a = yield|[1].forEach(log)|log(a)"],
  ["a bare yield before `", "const a = log(0) ? 1 : yield|`t`|log(a)"],
  ["a bare yield before +", "const a = yield|+log(1)|log(a)"],
  ["a bare yield before -", "const a = yield|-log(1)|log(a)"],
  ["a bare yield before ++", "let i = 1; const a = yield|++i|log([i, a])"],
  ["a bare yield before an expression", "yield|/re/.test(log('re'))"],
  ["a yield of an arrow function before (", "yield () => {}|(log('p'))"],
  ["a yield of an async arrow function before [", "yield async () => { await 1 }|[1].forEach(log)"],
  ["a yield of a choice before +", "const a = yield log(0) ? 1 : () => {}|+log(3)|log(a)"],
  ["a return of a yield before (", "if (log(1)) return yield|(log('p'))"],
])("%s", async (_name, lines) => {
  await expectSame(`async function* g() {\n${lines.replaceAll("|", "\n")}\n}
    async function main() { for await (const x of g()) log(typeof x); }`);
});

test.each<[string, string]>([
  ["an arrow function of an assignment before (", "const f = async () => g = () => {}|(log('p'))"],
  ["an arrow function of a choice before [", "const f = async () => i ? i : () => {}|[1].forEach(log)"],
  ["an arrow function of a choice before +", "const f = async () => i ? i : () => {}|+log(1)"],
  ["an async arrow function that gives another", "const f = async () => async () => {}|(log('p'))"],
  ["a field", "class C { static f = async () => i ? i : () => {}|['b'] = log(3) }|const { f } = C"],
])("%s", async (_name, lines) => {
  await expectSame(`let i = 0, g; ${lines.replaceAll("|", "\n")}
    async function main() { return [typeof (await f()), i]; }`);
});
