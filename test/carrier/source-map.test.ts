// Every word of the author's leads back to where it was written: what a debugger and a stack trace go by.

import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import { expect, test } from "vitest";
import { transform } from "../../src/carrier/transform/transform.ts";
import { randomProgram } from "./fuzz/program.ts";
import { parse } from "./kit.ts";

interface Place {
  readonly word: string;
  readonly line: number;
  readonly column: number;
}

function words(code: string): Place[] {
  return code
    .split("\n")
    .flatMap((text, i) =>
      Array.from(text.matchAll(/[\w$]+/g), ({ 0: word, index }) => ({ word, line: i + 1, column: index })),
    );
}

/** Words of the source that no word of the carried program leads to, and how many do. */
function followed(source: string): { lost: string[]; reached: number } {
  const result = transform(source, "/src/program.js", { parse });
  const map = new TraceMap(result?.map as never);
  expect(map.resolvedSources).toEqual(["/src/program.js"]);
  const originals = new Map(words(source).map(({ word, line, column }) => [`${line}:${column}`, word]));
  const reached = new Set<string>();
  for (const { word, line, column } of words(result?.code ?? "")) {
    const { line: sourceLine, column: sourceColumn } = originalPositionFor(map, { line, column });
    const place = `${sourceLine}:${sourceColumn}`;
    if (originals.get(place) === word) reached.add(place);
  }
  const lost = [...originals].filter(([place]) => !reached.has(place)).map(([, word]) => word);
  return { lost, reached: reached.size };
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  "each word of a carried program leads to the same word of the author's (program %s)",
  (seed) => {
    const { lost, reached } = followed(randomProgram(seed).replaceAll("; ", ";\n  "));
    // All but what gives way to the transform's own.
    expect(lost.filter((word) => !["await", "using"].includes(word))).toEqual([]);
    expect(reached).toBeGreaterThan(100);
  },
);

test.each<[string, string, string[]]>([
  ["lines that end in CRLF", "async function f() {\r\n  await a; // why\r\n\r\n  await b(c)\r\n}\r\nd", []],
  ["characters of two units", "async function f() { '😀'; await a; /* 😀😀 */ await b(\"𠮷\", é); 变量; }", []],
  ["a very long line", `async function f() { ${"await a(b, c); ".repeat(2000)} d; }`, []],
  // Its name is written anew.
  ["a function that is moved", "async function f() { await a;\n{ var g; }\nfunction g(b) {\nreturn c;\n}\nd; }", ["g"]],
  [
    "a resource in the head of a loop",
    "async function f() { a: for (await using b = c, d = e(g); h; i) j; k; }",
    ["await", "using"],
  ],
  [
    "steps that are taken apart",
    "async function f() { for await (const { a = b, ...c } of d) e;\nfor await (g.h of i) j; }",
    [],
  ],
  ["an error that is taken apart", "async function f() { try { await a; } catch ({ b: c = d, ...e }) { g; } h; }", []],
  ["lines without a semicolon", "async function* f() { await a++\n(b)\nyield\n(c)\nreturn d, e\n}", []],
  ["a rest of parameters", "async function* f(a, ...[b, c = d]) { e; } async function* g(a,) { h; }", []],
])("each word leads to the author's: %s", (_name, source, replaced) => {
  expect(followed(source).lost).toEqual(replaced);
});

test("what is put in leads to what it stands for", () => {
  const source = "async function f(a) {\n  b; await c;\n  for await (d of e) g;\n  return h;\n}\n";
  const { code = "", map } = transform(source, "/src/a.js", { parse }) ?? {};
  const lines = code.split("\n");
  const leads = ["$cxe()", "$cx.b(", "$cx.l(", "try{for", "$cx.h(", "{$cx.c();", "$cx.t("].map((text) => {
    const line = lines.findIndex((each) => each.replace(/^import[^;]*;/, "").includes(text));
    const column = lines[line]?.lastIndexOf(text) as number;
    const original = originalPositionFor(new TraceMap(map as never), { line: line + 1, column });
    return [text, source.split("\n")[Number(original.line) - 1]?.slice(original.column ?? 0)];
  });
  expect(leads).toEqual([
    ["$cxe()", ""],
    ["$cx.b(", "await c;"],
    ["$cx.l(", " c;"],
    ["try{for", "for await (d of e) g;"],
    ["$cx.h(", " e) g;"],
    ["{$cx.c();", "g;"],
    ["$cx.t(", " h;"],
  ]);
});

test("lines stay in place, and the map holds the source", () => {
  const source = "export async function f() {\n  await 1;\n\n  throw new Error();\n}\n";
  const { code, map } = transform(source, "/src/a.js", { parse }) ?? {};
  expect(code?.split("\n").length).toBe(source.split("\n").length);
  expect(map?.sourcesContent).toEqual([source]);
});

test("no map is made where none is asked for", () => {
  expect(transform("const f = async () => { await 1 }", "a.js", { parse, sourceMap: false })?.map).toBe(null);
});
