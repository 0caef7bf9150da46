// What is put in changes nothing but the context: directives, line ends, names and results stay what they were.

import { expect, test } from "vitest";
import { carry, parse, parseWithoutParentheses } from "./kit.ts";
import { transform } from "../../src/carrier/transform/transform.ts";

interface Main {
  main(): Promise<unknown>;
}

test.each<[string, unknown, string]>([
  ["a line that ends without a semicolon", [1, 2], "const a = await 1\nconst b = await 2\nreturn [a, b]"],
  ["a line that begins with a parenthesis", 3, "const f = (x) => x\nconst y = f\n(await 3)\nreturn y"],
  ["a line that begins with an await", 2, "let x = 1\nawait 1\nx++\nreturn x"],
  ["a comment within an await", 1, "return await // why\n /* and */ (0, 1)"],
  ["a return of a list in parentheses", 2, "await 0; return (1, 2); /* ; */"],
  ["a return without a semicolon", 1, "await 0; if (1) return 1 /* ; */\n}; {"],
  ["a comma within an await", 2, "return await (1, 2)"],
  ["names that are the transform's own", [1, 2], "const $cx = 1, $cxe = await 2; return [$cx, $cxe]"],
  [
    "a function and a var of one name",
    ["function", 2],
    "await 0; const before = typeof f; var f = 2; function f() {} return [before, f]",
  ],
  ["two functions of one name", 2, "await 0; return f(); function f() { return 1 } function f() { return 2 }"],
  ["a function and a var, at the start", 1, "function f() { return 1 } var f; await 0; return f()"],
  [
    "a hoisted function that awaits",
    4,
    "const x = await f(); var f; return x; async function f() { return (await 1) + 3 }",
  ],
  ["this and arguments", [1, 2], "await 0; return (function () { return this })().a ?? [...arguments, 1, 2]"],
  ["a label and an empty statement", 1, "a: for await (const x of [1]) { ; continue a } return 1"],
  [
    "a catch whose pattern has a default",
    "m",
    "try { await Promise.reject({ b: ['m'] }) } catch ({ a = 1, b: [c] = [] }) { let d = c; return d }",
  ],
  [
    "the value of a loop's variable in a closure",
    [1, 2],
    "const all = []; for await (const { a } of [{ a: 1 }, { a: 2 }]) all.push(() => a); return all.map((f) => f())",
  ],
  [
    "a yield* that gives a value",
    [1, 7],
    "const it = (async function* () { return yield* (async function* () { yield 1; return 7 })() })(); return [(await it.next()).value, (await it.next()).value]",
  ],
  [
    "what is sent to a generator",
    [undefined, "b"],
    "const got = []; const it = (async function* () { got.push(yield); got.push(yield* (async function* () { return yield })()) })(); await it.next('x'); await it.next(); await it.next('b'); return got",
  ],
])("%s", async (_name, value, body) => {
  for (const read of [parse, parseWithoutParentheses]) {
    const source = `async function main() { ${body} }\nmodule.exports = { main };`;
    const { main } = carry<Main>(source, {}, { parse: read });
    expect(await main.call({ a: undefined })).toEqual(value);
  }
});

test("directives stay first, a hashbang too, and lines stay where they were", () => {
  const code = `#!/usr/bin/env node\n"use client"\n'use strict'\nexport async function f() {\n  "use server"\n  await 1\n}\n`;
  const result = transform(code, "a.js", { parse })?.code ?? "";
  expect(result.split("\n").map((line) => line.slice(0, 14))).toEqual([
    "#!/usr/bin/env",
    '"use client"',
    "'use strict';i",
    "export async f",
    '  "use server"',
    "  $cx.b(await ",
    "}finally{$cx.x",
    "",
  ]);
});

test("a CommonJS module stays one, and a sloppy script stays sloppy", () => {
  const sloppy = carry<{ with(): Promise<number> }>(
    "exports.with = async function () { with ({ a: 1 }) { await 0; return a } }",
  );
  const code = transform("exports.f = async () => { await 1 }; return", "a.cjs", { parse })?.code;
  expect(code).toContain('require("isopool/carrier-runtime")');
  expect(code).not.toContain("import");
  return expect(sloppy.with()).resolves.toBe(1);
});

test("TypeScript and JSX that the bundler compiles later are left to it", () => {
  const typed = `export const f = async <T extends () => void>(x: T): Promise<() => void> => await (x as T);
    export async function* g(this: Date, a?: number, ...rest: string[]): AsyncGenerator<number> { yield* [a!]; }`;
  const result = transform(typed, "a.ts", { parse })?.code ?? "";
  expect(result).toContain("Promise<() => void> =>{let $cx;try{$cx=");
  expect(result).toContain("return $cx})(),$cxv:rest=[].slice.call(arguments,1)}): AsyncGenerator");
  const generic = `export const f = async <T extends () => void>() => await x;
    export async function* g<T extends (a: number) => void>() { yield 1; }`;
  const second = transform(generic, "a.ts", { parse })?.code ?? "";
  expect(second).toContain("<T extends () => void>() =>{let $cx;try{$cx=");
  expect(second).toContain("<T extends (a: number) => void>(...{$cx=(()=>{");
  expect(() => parse(result, { lang: "ts", sourceType: "module" })).not.toThrow();
  const markup = "export const F = async () => <a>{await x}</a>;";
  expect(transform(markup, "a.js", { parse })?.code).toContain("<a>{$cx.b(await $cx.l( x))}</a>");
});

test.each(["const async = 1; async;", "class C { static async = 1 }", "// async", "({ async: 1 }).async", "f(async)"])(
  "what only has the word in it is left as it is: %s",
  (code) => {
    expect(transform(code, "a.js", { parse })).toBe(undefined);
  },
);

test.each([
  "export const f = async () => [g()]",
  "export const f = async (x) => (x++)",
  "export async function f() { return `${g()}` }",
  "export async function f() { g(); return; }",
  "export async function* f() {}",
])("an async function that neither waits nor gives anything to wait for is left as it is: %s", (code) => {
  for (const read of [parse, parseWithoutParentheses]) expect(transform(code, "a.js", { parse: read })).toBe(undefined);
});

test.each<[string, string, number]>([
  ["a try in which nothing is awaited", "async () => { await 1; try { g() } catch { h() } finally { i() } }", 0],
  ["a try in whose catch something is awaited", "async () => { try { g() } catch { await 1 } finally { i() } }", 1],
  ["a loop in which nothing is awaited", "async () => { await 1; for (const x of g()) x }", 0],
  ["a resource of a whole function", "async () => { await using x = g() }", 0],
  ["a resource of a block", "async () => { { await using x = g() } }", 1],
])("%s gets no more than it needs", (_name, code, caught) => {
  const carried = transform(`export const f = ${code}`, "a.js", { parse })?.code ?? "";
  expect(carried.split("$cx.c()").length - 1).toBe(caught);
});

test.each(["export async function f() { await 1 }", "exports.f = async () => { await 1 }"])(
  "what has been through here before is left as it is: %s",
  (code) => {
    const once = transform(code, "a.js", { parse })?.code as string;
    expect(once).not.toBe(code);
    expect(transform(once, "a.js", { parse })).toBe(undefined);
  },
);

test("the run-time half may come from elsewhere", () => {
  const code = transform("export const f = async () => g()", "a.js", { parse, runtime: "./half.js" })?.code;
  expect(code).toBe(
    'import{enter as $cxe}from"./half.js";export const f = async () =>' +
      "{let $cx;try{$cx=$cxe()}catch{$cx=new Proxy(v=>v,{get:f=>f})}return $cx.t( g())}",
  );
});
