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

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  "each word of a carried program leads to the same word of the author's (program %s)",
  (seed) => {
    const source = randomProgram(seed).replaceAll("; ", ";\n  ");
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
    // All but what gives way to the transform's own.
    const lost = [...originals].filter(([place]) => !reached.has(place)).map(([, word]) => word);
    expect(lost.filter((word) => !["await", "using"].includes(word))).toEqual([]);
    expect(reached.size).toBeGreaterThan(100);
  },
);

test("lines stay in place, and the map holds the source", () => {
  const source = "export async function f() {\n  await 1;\n\n  throw new Error();\n}\n";
  const { code, map } = transform(source, "/src/a.js", { parse }) ?? {};
  expect(code?.split("\n").length).toBe(source.split("\n").length);
  expect(map?.sourcesContent).toEqual([source]);
});

test("no map is made where none is asked for", () => {
  expect(transform("const f = async () => { await 1 }", "a.js", { parse, sourceMap: false })?.map).toBe(null);
});
