// src/ names no runtime. Its tsconfig has no types of Node or the DOM, but `lib: webworker` and plain text slip through.

import { expect, test } from "vitest";
import { importsOf, isIntegrated, readSource, sourceFiles } from "./sources.ts";

const globals = [
  "process",
  "Buffer",
  "__dirname",
  "window",
  "document",
  "navigator",
  "self",
  "importScripts",
  "Deno",
  "Bun",
];

/** Uses of a runtime's own name, as an expression: `process.env`, `typeof window`, but no property and no key. */
function runtimeNames(text: string): string[] {
  const code = text
    .replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "")
    .replaceAll(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""');
  const uses = new RegExp(
    `(?<![.#\\w$-])(${globals.join("|")})(?=\\s*[.([])|(?:typeof|globalThis\\.)\\s*(${globals.join("|")})\\b|(?<![.#\\w$-])require\\(""`,
    "g",
  );
  return [...code.matchAll(uses)].map(([use]) => use);
}

test.each(sourceFiles())("%s names no runtime", (file) => {
  expect(runtimeNames(readSource(file))).toEqual([]);
});

test.each(sourceFiles())("%s imports no package but the one that it integrates", (file) => {
  const packages = importsOf(file).filter(({ to }) => to === undefined);
  expect(packages.filter(({ specifier }) => !isIntegrated(file, specifier))).toEqual([]);
});

test.each([
  "process.env.X",
  "typeof window",
  "globalThis.document",
  "Buffer.from(x)",
  'document["title"]',
  'require("x")',
])("the name of a runtime is found: %s", (code) => {
  expect(runtimeNames(code)).toHaveLength(1);
});

test.each(["// process.exit()", "this.process.next()", "step.self", '"document.title"', "const self = this;"])(
  "a name that is no runtime's is let through: %s",
  (code) => {
    expect(runtimeNames(code)).toEqual([]);
  },
);
