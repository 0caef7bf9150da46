// Async generators keep the context of the call that made them, as the proposal has it; whoever asks keeps his own.

import { expect, test } from "vitest";
import { expectAgreement } from "./agreement.ts";
import { carry, current, inContext, parse } from "./kit.ts";
import { transform } from "../../src/carrier/transform/transform.ts";

test.each<[string, string]>([
  [
    "yields and awaits",
    "async function* g() { p(1); yield 1; p(2); await timer(); p(3); yield timer(); p(4); } async function main() { for await (const x of g()) p(x); p(5); }",
  ],
  [
    "is asked by hand",
    "async function* g() { await null; p(1); yield; p(2); await timer(); p(3); } async function main() { const i = g(); const a = i.next(); p(4); await a; const b = i.next(); p(5); await b; p(6); }",
  ],
  [
    "is asked ahead",
    "async function* g() { await timer(); p(1); yield 1; p(2); yield 2; } async function main() { const i = g(); await Promise.all([i.next(), i.next(), i.next()]); p(3); }",
  ],
  [
    "is ended early",
    "async function* g() { try { yield 1; p(9); } finally { p(1); await timer(); p(2); } } async function main() { for await (const x of g()) break; p(3); }",
  ],
  [
    "is told of an error",
    "async function* g() { try { yield 1; } catch { p(1); await timer(); p(2); yield 2; } } async function main() { const i = g(); await i.next(); await i.throw(1); p(3); await i.return(); p(4); }",
  ],
  [
    "fails",
    "async function* g() { await timer(); yield 1; throw 1; } async function main() { try { for await (const x of g()) p(x); } catch { p(2); } await null; p(3); }",
  ],
  [
    "yields what is rejected",
    "async function* g() { try { yield rejected(); } catch { p(1); } finally { p(2); } } async function main() { for await (const x of g()); p(3); }",
  ],
  [
    "returns a promise",
    "async function* g() { try { return timer(); } finally { p(1); } } async function main() { await g().next(); p(2); }",
  ],
  [
    "returns what is rejected",
    "async function* g() { try { return rejected(); } catch { p(1); } finally { p(2); } } async function main() { await g().next(); p(3); }",
  ],
  [
    "returns and yields thenables",
    "async function* g() { yield thenable(); p(1); return thenable(); } async function main() { for await (const x of g()) p(2); p(3); }",
  ],
  [
    "delegates to another",
    "async function* h() { p(1); await timer(); p(2); yield 1; p(3); return 2; } async function* g() { await timer(); p(4); const x = yield* h(); p(x); yield* (0, [1, timer()]); p(5); } async function main() { for await (const x of g()) p(6); }",
  ],
  [
    "delegates to an iterator of the user's, and is ended",
    "async function* g() { await null; try { yield* source(); } finally { p(1); } } async function main() { for await (const x of g()) { p(2); break; } p(3); }",
  ],
  [
    "delegates, and is told of an error",
    "async function* g() { await null; try { yield* source(); } catch { p(1); } yield* bare(); } async function main() { const i = g(); await i.next(); await i.throw(1).catch(() => 0); p(2); await i.return(); p(3); }",
  ],
  [
    "yields in the head of a for await",
    "async function* g() { for await (const { a = yield 1, b = (p(1), await timer()) } of source()) p(2); } async function main() { for await (const x of g()) p(3); p(4); }",
  ],
  [
    "closes a loop when it is ended",
    "async function* g() { await null; for (const x of closing()) yield x; } async function main() { for await (const x of g()) break; p(1); }",
  ],
  [
    "is a method, static, private, computed, in an object",
    "class C { async *m(a,) { await timer(); p(1); yield 1; } static async *s() { await timer(); p(2); yield; } async *#q() { await 1; p(3); yield } q() { return this.#q(); } async *[(p(4), 'k')]() { await 1; p(5); yield; } } const o = { async *m() { await 1; p(6); yield; } }; async function main() { const c = new C(); for (const g of [c.m(), C.s(), c.q(), c.k(), o.m()]) for await (const x of g) p(7); }",
  ],
])("the context is kept in a generator that %s", async (_name, source) => {
  await expectAgreement(source);
});

const text = `
  async function* plain() { seen.push(current()); yield; seen.push(current()); await null; seen.push(current()); yield; }
  async function* withRest(a, ...[b, ...rest]) { seen.push([a, b, rest, arguments.length]); yield* plain(); }
  async function* failing(a = (() => { throw new Error("made"); })()) { yield; }
  async function* withDefault(a, b = 1) { yield; }
  const lengths = [plain, withRest, withDefault, async function* (a,) { yield; }].map((f) => f.length);
  module.exports = { plain, withRest, failing, lengths };`;

interface Generators {
  plain(): AsyncGenerator;
  withRest(...args: unknown[]): AsyncGenerator;
  failing(): AsyncGenerator;
  lengths: number[];
}

test("a generator runs in the context that it was made in, and whoever asks it stays in his own", async () => {
  const seen: unknown[] = [];
  const { plain } = carry<Generators>(text, { seen, current });
  const made = inContext("maker", () => plain());
  const asked = inContext("asker", () => {
    const step = made.next();
    seen.push(current());
    return step;
  });
  await asked;
  await inContext("another", () => made.next());
  expect(seen).toEqual(["maker", "asker", "maker", "maker"]);
  expect(current()).toBe(undefined);
});

test("a generator's parameters, arguments and length are what they were", async () => {
  const seen: unknown[] = [];
  const { withRest, failing, lengths } = carry<Generators>(text, { seen, current });
  await inContext("maker", () => withRest(1, 2, 3, 4)).next();
  expect(seen).toEqual([[1, 2, [3, 4], 4], "maker"]);
  expect(lengths).toEqual([0, 1, 1, 1]);
  expect(() => failing()).toThrow("made");
});

test("a sloppy generator's arguments follow its parameters, and two of them may share a name, as they did", async () => {
  const seen: unknown[] = [];
  const { follow, twice } = carry<Record<"follow" | "twice", (...args: unknown[]) => AsyncGenerator>>(
    `async function* follow(a) { await null; a = 2; seen.push(current(), arguments[0]); yield; }
    async function* twice(a, a) { await null; seen.push(current(), a); yield; }
    module.exports = { follow, twice };`,
    { seen, current },
  );
  await inContext("A", () => follow(1).next());
  await inContext("B", () => twice(1, 3).next());
  expect(seen).toEqual(["A", 2, "B", 3]);
});

test.each([
  ["strict", "'use strict'; async function* g(a) { yield arguments; }"],
  ["a part of a module", "export async function* g(a) { yield arguments; }"],
  ["sloppy, with patterns", "async function* g({ a }) { yield arguments; }"],
  ["sloppy, without parameters", "async function* g() { yield arguments; }"],
])("a generator is made by its call, though it has arguments, if it is %s", (_name, code) => {
  expect(transform(code, "a.js", { parse })?.code).toContain("...{$cx=(()=>{let $cx;try{$cx=$cxg()}");
});

test("a generator that is strict by its own directive is carried from its first step on", async () => {
  const seen: unknown[] = [];
  const strict = carry<() => AsyncGenerator>(
    `async function* strict() { "use strict"; await null; seen.push(current(), this); yield; }
    module.exports = strict;`,
    { seen, current },
  );
  await inContext("A", () => strict().next());
  expect(seen).toEqual(["A", undefined]);
});
