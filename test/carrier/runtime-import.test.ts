// How a module gets at the run-time half: an ES module imports it, a CommonJS module requires it. What neither imports nor exports
// anything is told by what it uses of outside.

import { expect, test } from "vitest";
import { parse } from "./kit.ts";
import { transform } from "../../src/carrier/transform/transform.ts";

const carried = (code: string, id = "a.js"): string => transform(code, id, { parse })?.code ?? "";

const load = "const load = async () => { await 1 };";

test.each([
  ["the word in a comment", `// The module of the page.\n${load}`],
  ["the word in a string", `${load} navigator.serviceWorker.register("/sw.js", { type: "module" });`],
  ["the word as a property", `${load} wasm.exports.run(wasm.module);`],
  ["a constant of that name", `const module = await import("./b.js"); ${load} module.run();`],
  ["a variable of a block", `${load} { const { exports } = wasm; exports.run(); }`],
  [
    "a variable of a function",
    `async function load() { const { module, exports } = await wasm; exports.run(module); }`,
  ],
  ["a variable of a loop", `${load} for (const module of modules) module.run();`],
  ["a var of a function, in a block", `${load} function f() { { var exports = wasm(); } exports.run(); }`],
  [
    "a parameter",
    `${load} define(["require", "exports"], function (require, { a: [...exports] }) { require(exports); });`,
  ],
  ["a function", `${load} function require(name) { return names[name]; } require("a");`],
  ["a caught error", `${load} try { run(); } catch ({ module }) { log(module); }`],
  ["a label", `${load} module: for (;;) break module;`],
  ["a method", `${load} class C { require() {} exports = 1; } ({ module: 1, exports() {} });`],
  ["import.meta", `${load} const require = createRequire(import.meta.url);`],
  ["import.meta, whatever else", `${load} if (typeof module === "object") log(import.meta.url);`],
  ["none of it", load],
])("a module with %s is an ES module", (_name, code) => {
  expect(carried(code)).toMatch(/^import\{[^}]*\}from"isopool\/carrier-runtime";/);
});

test.each([
  ["exports", `exports.load = async () => { await 1 };`],
  ["module", `${load} module.exports = { load };`],
  ["require", `const a = require("a"); ${load}`],
  [
    "all of it in a function",
    `${load} (function (root, factory) { if (typeof exports === "object") factory(exports); })(this);`,
  ],
  ["a shorthand", `${load} run({ module });`],
  ["a computed key", `${load} run({ [module]: 1 }, a[exports]);`],
  ["a default of a parameter", `${load} const f = (a = exports) => a;`],
  ["a function of its own whose parameter has the name", `${load} (function (exports) { exports.a = 1; })(exports);`],
  ["its own module, if there is none", `var module = module || {}; ${load} module.exports = load;`],
  ["a block that has the name", `${load} { let exports = 1; } exports.load = load;`],
  ["a return", `${load} return;`],
])("a script that uses %s is a CommonJS module, and stays one", (_name, code) => {
  expect(carried(code)).toMatch(/^const\{[^}]*\}=require\("isopool\/carrier-runtime"\);/);
});

test.each(["\n", "\r\n", "\r", "\u2028"])("a hashbang stays a line of its own (%j)", (end) => {
  const [first, second] = carried(`#!/usr/bin/env node${end}export ${load}`).split(end);
  expect(first).toBe("#!/usr/bin/env node");
  expect(second).toMatch(/^import\{.*export const load/);
});
