// Which way a loop, a block or a function is left, what is closed on the way, and what a variable of a loop is.

import { test } from "vitest";
import { expectSame } from "../same.ts";

test.each<[string, string]>([
  [
    "a finally that goes on and breaks",
    "for (let i = 0; i < 3; i++) { try { await 1; continue } finally { log(i); if (i == 1) break } } return 'x'",
  ],
  [
    "a finally that is awaited behind a return",
    "try { return await rejected() } catch { return log('c') } finally { await timer(); log('f') }",
  ],
  [
    "a finally that goes on with an outer loop",
    "let n = 0; a: for (;;) { try { await rejected() } finally { if (n++ < 2) continue a; break a } } return n",
  ],
  [
    "a return within a finally within a loop",
    "for await (const x of source()) { try { return 1 } finally { await 0; log('f') } }",
  ],
  [
    "a throw within a loop, and another within finally",
    "try { for await (const x of source()) throw 'a' } finally { throw 'b' }",
  ],
  [
    "blocks with labels",
    "a: { await 1; break a } b: if (await 1) { break b } c: try { await 1; break c } finally { log(1) } d: try { await rejected() } catch { break d } return 1",
  ],
  [
    "loops in loops, and labels",
    "a: for (const i of [1, 2]) { b: for await (const j of source()) { c: for (const k of closing()) { await 0; log([i]); if (i == 1) continue a; break b } } } return 1",
  ],
  [
    "a switch",
    "switch (await 2) { case 1: for await (const x of [1]) log(x); case 2: for await (const x of [2]) { log(x); break } log('after'); default: log('d'); for await (const y of [3]) break } return 1",
  ],
  ["a switch with a label", "s: switch (1) { case 1: for await (const x of [2, 3]) { log(x); break s } } return 1"],
  [
    "branches without braces",
    "if (0) for await (const x of [1]) log(x); else if (1) for await (const x of [2]) log(x); else log(3); if (1) if (0) for await (const x of [1]) log(x); else log('inner'); return 1",
  ],
  ["a do without braces", "let n = 3; do for await (const x of [1]) log(x); while (await --n) return n"],
  ["a with", "with ({ a: 1 }) for await (const x of [a]) log(x); return 1"],
  [
    "an iterator's own methods, their this and arguments",
    "const it = { [Symbol.asyncIterator]() { return this }, i: 0, next(...a) { log([this === it, a]); return { done: this.i++ > 1, value: this.i } }, return(...a) { log([this === it, a]); return {} } }; for await (const x of it) if (x === 2) break; return 1",
  ],
  [
    "an iterator whose return() gives nothing",
    "const it = { [Symbol.asyncIterator]() { return this }, next: () => ({ done: false }), return: () => 1 }; try { for await (const x of it) break } catch (e) { p(e.name) } try { for await (const x of it) throw 'mine' } catch (e) { p(e) }",
  ],
  [
    "an iterator whose return() is rejected",
    "const it = { [Symbol.asyncIterator]() { return this }, next: () => ({ done: false }), return: () => Promise.reject('ret') }; try { for await (const x of it) break } catch (e) { p(e) } try { for await (const x of it) throw 'mine' } catch (e) { p(e) }",
  ],
  [
    "an iterator that is rejected, and closed",
    "const it = { [Symbol.iterator]: () => ({ n: 0, next() { log(this.n); return { done: this.n++ > 2, value: this.n === 2 ? Promise.reject('r') : this.n } }, return() { p('ret'); return {} } }) }; try { for await (const x of it) p(x) } catch (e) { p(e) }",
  ],
  [
    "results with getters",
    "for (const key of [Symbol.asyncIterator, Symbol.iterator]) { let i = 0; const it = { [key]() { return this }, next() { return { get done() { log('done'); return i++ > 0 }, get value() { log('value'); return 1 } } } }; for await (const x of it) log(x) }",
  ],
  [
    "what is no iterator",
    "for (const s of [null, 5, {}, { [Symbol.asyncIterator]: 1 }, { [Symbol.asyncIterator]: () => 1 }, { [Symbol.asyncIterator]: () => ({}) }, { [Symbol.asyncIterator]: () => ({ next: () => 1 }) }, { [Symbol.asyncIterator]: null, [Symbol.iterator]: () => ({ next: () => 1 }) }, { [Symbol.iterator]: () => ({ next() { throw new TypeError('x') } }) }]) try { for await (const x of s) p('body') } catch (e) { p(e.name) }",
  ],
  [
    "steps that are taken apart, and fail",
    "const o = { set x(v) { throw 1 } }; for (const f of [async () => { for await (const { a = (() => { throw 2 })() } of source()) p(1) }, async () => { for await (o.x of source()) p(1) }, async () => { for await (const { a = await rejected() } of source()) p(1) }]) try { await f() } catch (e) { p(typeof e) }",
  ],
  [
    "variables of each step, in closures",
    "const f = []; for await (let { a = await 1, g = () => a } of [{}, { a: 3 }]) { f.push(g, () => a); a += 10 } for await (let x of [1, 2]) { f.push(() => x); x += 10 } return f.map((g) => g())",
  ],
  [
    "a step's variable under one of its body",
    "let b = 7; for await (const { a = b } of [{}]) { let b = 1; return [a, b] }",
  ],
  [
    "a function in the body of a loop",
    "for await (const { a } of [{ a: 1 }]) { return f(); function f() { return a } }",
  ],
  [
    "a var of a loop",
    "for await (var { a, ...r } of [{ a: 1, b: 2 }]); for await (var [c] of [[3]]); return [a, r, c]",
  ],
  [
    "patterns without a declaration",
    "let a, b, o = {}; for await ([a, b = a] of [[1], [2, 3]]) log([a, b]); for await ({ c: o.d } of [{ c: 4 }]); for await (o.e of [5]); return o",
  ],
  [
    "resources",
    "{ await using a = asyncResource(), b = resource(); using c = resource(); log('in'); await timer() } { using d = resource(); await 0 } for (const x of [1, 2]) { await using a = asyncResource(); if (x) break } return 1",
  ],
  [
    "what is no resource",
    "try { using a = {}; await 0 } catch (e) { log(e.name) } try { await using a = {} } catch (e) { return e.name }",
  ],
])("%s", async (_name, body) => {
  await expectSame(`async function main() { ${body} }`);
});
