// What a function knows of its call: `this`, `arguments`, `super`, `new.target`, its parameters, its name.

import { test } from "vitest";
import { expectSame } from "../same.ts";

test.each<[string, string]>([
  [
    "this and arguments",
    "async function main(...a) { await 0; return [this.me, a, arguments.length, typeof (() => this)()] }",
  ],
  [
    "arguments that follow a parameter",
    "async function f(a) { a = 2; await 0; return arguments[0] } const main = () => f(1)",
  ],
  [
    "a var and a function named arguments",
    "async function f() { var arguments; await 0; return arguments.length } async function g() { await 0; return typeof arguments; function arguments() {} } const main = async () => [await f(), await g()]",
  ],
  [
    "a parameter named like a function and like a var",
    "async function f(a, b = () => a) { var a; await 0; a = 5; return [a, b(), typeof c] } async function g(c) { await 0; return typeof c; function c() {} } const main = async () => [await f(1), await g(1)]",
  ],
  [
    "new.target, in a function and in an arrow function",
    "function F() { this.p = (async () => { await 0; return new.target === F })() } async function f() { await 0; return new.target } const main = async () => [await new F().p, await f()]",
  ],
  [
    "super in an arrow function, a method, a static one",
    "class B { m() { return 1 } static s() { return 2 } } class C extends B { async m() { const f = async () => (await 0, super.m()); super.x = await 5; return [await f(), this.x] } static async s() { await 0; return super.s() } } const main = async () => [await new C().m(), await C.s()]",
  ],
  [
    "super in an object",
    "const o = { __proto__: { m() { return 1 } }, async m() { await 0; return super.m() }, async *g() { yield super.m(); yield* [super.m()] } }; async function main() { const r = [await o.m()]; for await (const x of o.g()) r.push(x); return r }",
  ],
  [
    "super() in an arrow function",
    "class B { constructor(x) { this.x = x } } class C extends B { constructor() { const f = async () => { super(3); await 0; return this.x }; const r = f(); this.r = r } } const main = () => new C().r",
  ],
  [
    "this before super()",
    "class B {} class C extends B { constructor() { const f = async () => { await 0; return this }; f().then(log, (e) => log(e.name)); super() } } async function main() { new C(); await timer() }",
  ],
  [
    "a private name",
    "class C { #x = 1; async m(o) { return [#x in await o, (await o).#x, await this.#n?.()] } async #n() { return await this.#x++ } } const main = () => { const c = new C(); return c.m(c) }",
  ],
  [
    "fields and static blocks",
    "class C { a = async () => { await 0; return this.b }; b = 2; static c = async () => (await 0, this === C); ['d'] = async () => await this.b; static { this.e = (async () => { await 0; return this === C })() } } const main = async () => { const c = new C(); return [await c.a(), await C.c(), await c.d(), await C.e] }",
  ],
  [
    "fields without semicolons",
    "class C { a = async () => await 1\n b = async () => await 2\n static async\n async\n c = async (x) => x\n d = async () => { await 0 }\n static e() {} }\n const main = async () => [await new C().a(), await new C().b(), 'async' in new C()]",
  ],
  [
    "computed names, and what a class extends",
    "async function main() { class A { x = 1 } class B extends (await A) { [await 'y'] = 2; static [`s${await 1}`] = 3; static async [await 'm'](x = 1) { return await x } } return [new B().x, new B().y, B.s1, await B.m()] }",
  ],
  [
    "names that are words",
    "const o = { get async() { return 1 }, async get() { return await 2 }, async set() { return 3 }, async static() { return 4 }, async async() { return await 5 }, async await() { return 6 }, async 'x y'() { return await 7 }, async 1() { return 8 }, async [`k`]() { return await 9 } }; const main = async () => [o.async, await o.get(), await o.set(), await o.static(), await o.await(), await o['x y'](), await o[1](), await o.k()]",
  ],
  [
    "async as a name",
    "var async = (x) => ({ called: x }); async (1); const r = async\n(2); async function main() { await 0; const async = 3; return [async, r, await (async (x) => { return x })(4)] }",
  ],
  [
    "async in a line of its own",
    "var async = 5; async\nfunction f() { return 1 } async function main() { return await f() }",
  ],
  [
    "the name and the length of a function",
    "async function f(a, b) { await 0 } const g = async () => { await 0 }, o = { async h() { await 0 }, i: async () => await 0 }, { j = async () => { await 0 } } = {}; const main = () => [f.name, f.length, g.name, o.h.name, o.i.name, j.name, 'prototype' in f]",
  ],
  [
    "patterns among the parameters",
    "async function f({ a = 1, b: { c } = {} } = {}, [d] = [], ...e) { await 0; return [a, c, d, e] } const main = () => f(undefined, [4], 5)",
  ],
  [
    "a parameter that is an async function",
    "async function f(a = (async () => { p('d'); await 0; p('e'); return 5 })(), b = async () => await a) { p('b'); return [await a, await b()] } const main = () => f()",
  ],
  [
    "a parameter that is a generator",
    "const main = async (_a, _b, f = async function* (a = [1, 2]) { for await (const x of a) yield x }) => { const r = []; for await (const x of f()) r.push(x); return r }",
  ],
  [
    "arrow functions in arrow functions",
    "const c = async a => async b => a + await b; const main = async () => [await (await c(1))(2), await (async () => async () => await 3)().then(f => f()), await (async x => x ? { a: await x } : 0)(4)]",
  ],
  [
    "an arrow function among comments",
    "const main = async (a /* ) => */, b = (c) => c /* => */) /* => */ => /**/ // =>\n await /* { */ b(a) /* } */ // end\n",
  ],
  [
    "an arrow function in the head of a loop",
    "async function main() { let i = 0; for (async of => { await 0 }; i < 1; i++) log(i); return i }",
  ],
  [
    "a function that changes itself",
    "async function main() { await 0; function f() { f = 4; return f } var g; function g() { g = 5; return g } return [f(), f, g(), g] }",
  ],
  [
    "eval, which sees the same names",
    "async function f(a) { await 0; eval('var q = a'); return [q, eval('this.me'), eval('arguments.length')] } function main() { return f.call(this, 3, 4) }",
  ],
  [
    "sloppy code",
    "async function f() { await 0; undeclared = 1; return [typeof this, 010, delete f, arguments.callee === f] } const main = () => f()",
  ],
])("%s", async (_name, source) => {
  await expectSame(source);
});

test("directives, with and without semicolons", async () => {
  await expectSame(`async function f() { 'use strict'\n'other'\n;(await 0); return this }
    async function g() { 'use strict' + await 0; return typeof this } const h = async () => { 'use strict'; await 0; return 1 }
    async function main() { return [await f(), await g(), await h()] }`);
});
