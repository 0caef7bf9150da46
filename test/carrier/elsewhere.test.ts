// The text of a carried function is taken elsewhere: by a test that drives a page, by a worker that is made of it. There, no run-time
// half is at hand, and nothing to carry.

import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { carry } from "./kit.ts";

const functions: [string, string, unknown][] = [
  ["a function", "async function f() { return (await 1) + (await Promise.resolve(2)); }", 3],
  ["an arrow function", "const f = async () => (await 1) + 2;", 3],
  ["one that only returns", "const f = async () => Promise.resolve(4);", 4],
  [
    "one that only returns, in a body",
    `async function f() { "use strict"; if (1) return Promise.resolve(4); return g(); }`,
    4,
  ],
  ["a thenable", "const f = async () => ({ then: (resolve) => resolve(5) });", 5],
  [
    "a function inside",
    "const f = async () => { const g = async (n) => { await 1; return n; }; return [await g(1), await g(2)].join(); };",
    "1,2",
  ],
  [
    "a loop",
    "async function f() { let sum = 0; for await (const n of [1, Promise.resolve(2)]) sum += n; return sum; }",
    3,
  ],
  [
    "a rejection",
    "async function f() { try { await Promise.reject(6); } catch (error) { return error; } finally { await 1; } }",
    6,
  ],
  [
    "one that is taken apart",
    "async function f() { try { await Promise.reject({ a: 6 }); } catch ({ a }) { return a; } }",
    6,
  ],
  ["a destructuring", "async function f() { const [a = await 7] = []; return a; }", 7],
  [
    "a destructuring of a rejection",
    "async function f() { try { const [a = await Promise.reject(7)] = []; } catch (e) { return e; } }",
    7,
  ],
  [
    "a generator",
    "async function f() { async function* g(a, ...rest) { const got = yield a; yield* rest; return got; } const all = []; for await (const n of g(1, 2, 3)) all.push(n); return all.join(); }",
    "1,2,3",
  ],
];

test.each(functions)("%s", async (_name, source, expected) => {
  const { f } = carry<{ f: () => Promise<unknown> }>(`${source}\nexports.f = f;`);
  expect(await f()).toEqual(expected);
  const text = String(f);
  expect(text).toContain("$cx");
  const elsewhere = runInNewContext(`(${text})`) as () => Promise<unknown>;
  expect(await elsewhere()).toEqual(expected);
});
