// What is waited for: who is asked for what, how often, and what an error becomes.

import { test } from "vitest";
import { expectSame } from "../same.ts";

test.each<[string, string]>([
  [
    "a getter `then`, which is read once",
    "let n = 0; const t = { get then() { n++; return (r) => r(1) } }; await t; await (async () => t)(); for await (const x of [t]); await Promise.resolve(t); return n",
  ],
  [
    "a `then` with its own `this` and two functions",
    "const t = { then(...a) { log([this === t, a.length, typeof a[0], new.target]); a[0](1) } }; await t; await (async () => t)(); return 1",
  ],
  [
    "a `then` that throws, or whose getter does",
    `const t = { then() { throw new Error("called") } }, u = { get then() { throw new Error("read") } };
    for (const f of [async () => await t, async () => t, async () => await u, async () => u, async () => { for await (const x of [u]); }])
      try { await f() } catch (error) { p(error.message) }`,
  ],
  [
    "a function with a `then`",
    "const f = Object.assign(() => 5, { then(r) { r(3) } }); return [await f, await (async () => f)()]",
  ],
  ["a thenable that gives another", "return await { then(r) { p(1); r({ then(next) { log(2); next(2) } }) } }"],
  ["a thenable that answers twice", "return await { then(r, no) { r(1); r(2); no(3); throw 4 } }"],
  [
    "a promise with a `then` of its own, which only what is returned asks for",
    `const own = Object.assign(Promise.resolve(1), { then(r) { p("own"); r(9) } });
    const r = [await own, await (async () => own)(), await own]; for await (const x of [own]) r.push(x); return r`,
  ],
  [
    "such a promise that a resource gives",
    `{ await using a = { [Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]: () =>
      Object.assign(Promise.resolve(1), { then(r) { p("own"); r(9) } }) }; } p(1)`,
  ],
  [
    "a promise of another class",
    "class P extends Promise { then(...a) { log('then'); return super.then(...a) } } const x = P.resolve(1); await x; await (async () => x)(); return (await x) + 1",
  ],
  [
    "a promise of a class that only has another constructor",
    "let n = 0; class P extends Promise { constructor(f) { super(f); n++ } } const x = new P((r) => r(1)); await x; await (async () => x)(); return n",
  ],
  ["a promise without a constructor", "return await Object.assign(Promise.resolve(1), { constructor: null })"],
  [
    "a promise that says it is of another class, and has a `then` of its own",
    "class P {} const own = Object.assign(Promise.resolve(1), { constructor: P, then(r) { p('own'); r(9) } }); await 0; return [await own, await (async () => own)()]",
  ],
  [
    "what inherits from Promise and is none",
    "function Lazy() {} Lazy.prototype = Object.create(Promise.prototype, { then: { value(r) { p('lazy'); r(3) } } }); await 0; return [await new Lazy(), await (async () => new Lazy())()]",
  ],
  ["primitive values", "return [await 'a', await 1n, await Symbol.iterator, await undefined, await true]"],
])("%s", async (_name, body) => {
  await expectSame(`async function main() { ${body} }`);
});

test.each<[string, string]>([
  [
    "the same object",
    "const e = new Error('x'); try { await (async () => { await 0; throw e })() } catch (x) { return x === e }",
  ],
  ["nothing at all", "try { await (async () => { await 0; throw undefined })() } catch (x) { p(1); return [x] }"],
  [
    "what a finally throws instead",
    "try { try { await rejected() } finally { throw new Error('b') } } catch (e) { return e.message }",
  ],
  ["nothing, when a finally returns", "try { throw new Error('a') } finally { await 0; return 5 }"],
  [
    "what a parameter throws",
    "try { await (async (a = (() => { throw 1 })()) => { await 0 })() } catch (e) { p(1); return e }",
  ],
  [
    "what comes of a parameter that is used too early",
    "try { await (async (a = b, b) => await 0)() } catch (e) { return e.name }",
  ],
])("an error is %s", async (_name, body) => {
  await expectSame(`async function main() { ${body} }`);
});

test("a rejection within a destructuring is the same, one microtask later", async () => {
  const body = "try { const [a = await Promise.reject(undefined)] = [] } catch (x) { p(1); return [x] }";
  await expectSame(`async function main() { ${body} }`, false);
});
