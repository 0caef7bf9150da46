// A generator that is asked, ended and told of errors: its steps, their order and their values.

import { test } from "vitest";
import { expectSame } from "../same.ts";

/** `steps` run in `main()`, with `i` for the generator of `body`. */
const program = (body: string, steps: string, more = ""): string =>
  `${more} async function* g() { ${body} } async function main() { const i = g(); ${steps} }`;

test.each<[string, string, string]>([
  ["is ended before it began", "log('never'); yield 1", "return [await i.return(2), await i.next()]"],
  [
    "is told of an error before it began",
    "log('never'); yield 1",
    "try { await i.throw(2) } catch (e) { log(e) } return await i.next()",
  ],
  [
    "is ended with a promise",
    "try { yield 1 } finally { log('f') }",
    "await i.next(); return [await i.return(timer()), await i.next()]",
  ],
  [
    "is ended with a rejection",
    "try { yield 1 } catch (e) { log(['c', e.message]); return 5 } finally { log('f') }",
    "await i.next(); return [await i.return(rejected()), await i.next()]",
  ],
  [
    "yields as it is ended",
    "try { yield 1 } finally { yield 2; yield 3 }",
    "log(await i.next()); log(await i.return(9)); log(await i.next()); return await i.next()",
  ],
  [
    "awaits as it is ended",
    "try { yield 1 } finally { p(1); await 0; p(2); await timer(); p(3) }",
    "log(await i.next()); return await i.return(9)",
  ],
  [
    "is asked ahead",
    "log(1); yield 1; log(2); await 0; yield 2; log(3)",
    "const all = [i.next(), i.return(5), i.next()]; log('s'); return await Promise.all(all)",
  ],
  [
    "catches, and takes apart what it yields for",
    "try { yield 1 } catch ({ a = 1, b = yield 2 }) { yield [a, b] }",
    "await i.next(); log(await i.throw({})); log(await i.next('B')); return await i.next()",
  ],
  [
    "is sent values",
    "const r = yield yield 1; log(r); return yield",
    "return [await i.next('x'), await i.next('a'), await i.next('b'), await i.next('c')]",
  ],
  [
    "yields within everything",
    "const a = [yield, yield], o = { x: yield, [yield]: 1, ...yield }; log([a, o]); log(yield, yield); `${yield}`; (yield) ? yield : yield; yield\nyield",
    "const r = []; for await (const x of i) r.push(x); return r.length",
  ],
  [
    "yields what could be something else",
    "yield /a/; yield (1) / 2; yield -1; yield [2][0]; yield `3`; yield await 4; yield* await [5]",
    "const r = []; for await (const x of i) r.push(String(x)); return r",
  ],
  ["ends a loop as it is ended", "for (const x of closing()) yield x", "await i.next(); return await i.return(1)"],
  [
    "ends a loop as it is told of an error",
    "for (const x of closing()) yield x",
    "await i.next(); try { await i.throw(1) } catch (e) { return e }",
  ],
  [
    "ends an asynchronous loop as it is ended",
    "for await (const x of source()) { try { yield x } finally { p('f'); await 0; p('g') } }",
    "await i.next(); return await i.return(4)",
  ],
  [
    "returns what it awaits",
    "try { return timer() } finally { await 0; p(1) }",
    "return [await i.next(), await i.next()]",
  ],
])("a generator that %s", async (_name, body, steps) => {
  await expectSame(program(body, steps));
});

const inner = "async function* h() { try { yield 1; yield 2; return 'r' } finally { log('h'); await 0; yield 3 } }";

test.each<[string, string, string]>([
  [
    "to its end",
    "log(yield* h()); yield* [4, timer()]; return yield* h()",
    "const r = []; let s; while (!(s = await i.next()).done) r.push(s.value); return [r, s.value]",
  ],
  [
    "among comments",
    "return [yield*[1], yield *(0, h()), yield* /* * */ h()]",
    "const r = []; for await (const x of i) r.push(x); return r",
  ],
  [
    "and is told of an error",
    "try { yield* h() } catch (e) { log(e); yield 'caught' }",
    "log(await i.next()); log(await i.throw('T')); log(await i.next()); return await i.return(3)",
  ],
  [
    "and is ended",
    "try { yield* h() } finally { log('g'); await 0; log('g2') }",
    "log(await i.next()); log(await i.return('R')); log(await i.next()); return await i.next()",
  ],
  [
    "to what cannot be told of errors",
    "yield* closing()",
    "log(await i.next()); try { await i.throw('T') } catch (e) { log(e.name ?? e) } return await i.next()",
  ],
  ["to what cannot be ended", "yield* bare()", "log(await i.next()); log(await i.return('R')); return await i.next()"],
  ["to what cannot be iterated", "try { yield* 5 } catch (e) { yield e.name }", "return await i.next()"],
])("a generator that delegates %s", async (_name, body, steps) => {
  await expectSame(program(body, steps, inner));
});

test.each<[string, string]>([
  [
    "defaults and a rest",
    "async function* g(a = 1, { b } = { b: a }, ...[c, d = c]) { yield [a, b, c, d, arguments.length] } const main = () => g(undefined, undefined, 3).next()",
  ],
  [
    "a comma at the end, and comments",
    "async function* g(a, b = 2 /* , */ , /* ) */ ) { yield [a, b, arguments.length] } async function* /* ( */ h /* ( */ ( /* ) */ ) { yield arguments.length } const main = async () => [await g(1).next(), await h(1).next()]",
  ],
  [
    "a rest that is taken apart",
    "async function* g(a, ...{ length, 0: z = b }) { yield [length, z] } const b = 5; async function* h(a, ...[]) { yield arguments.length } const main = async () => [await g(1, 2).next(), await g(1).next(), await h(1, 2).next()]",
  ],
  [
    "a rest that sees the others",
    "async function* g(a, ...[b = a, c = () => b]) { yield [b, c()] } const main = () => g(1).next()",
  ],
  [
    "a default that throws",
    "async function* g(a = (() => { throw new Error('x') })()) { yield 1 } function main() { try { g() } catch (e) { return e.message } }",
  ],
  [
    "this, and eval",
    "const o = { v: 1, async *g(a) { yield this.v; yield (() => this.v)(); yield eval('a + arguments.length') } }; async function main() { const r = []; for await (const x of o.g(7)) r.push(x); return r }",
  ],
  [
    "a prototype, a name and a length",
    "async function* g(a, b = 1) { yield 1 } const main = () => [Object.getPrototypeOf(g()) === g.prototype, g.name, g.length, g() instanceof g]",
  ],
  [
    "a parameter called arguments, in sloppy code",
    "async function* g(arguments, ...r) { yield [arguments, r] } async function* h({ arguments }, ...[r]) { yield [arguments, r] } async function* i(a, ...arguments) { yield [a, arguments] } async function* j(a, ...[b, ...arguments]) { yield [a, b, arguments] } const main = () => Promise.all([g(1, 2), h({ arguments: 3 }, 4), i(5, 6, 7), j(8, 9)].map((each) => each.next()))",
  ],
  ["nothing in it", "async function* g() { } const main = () => g().next()"],
])("a generator with %s", async (_name, source) => {
  await expectSame(source);
});
