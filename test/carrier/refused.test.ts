// What cannot be carried is an error of the build that names file, line and column; never a context that is lost unseen.

import { expect, test } from "vitest";
import { parse } from "./kit.ts";
import { transform } from "../../src/carrier/transform/transform.ts";

test.each([
  ["a destructuring", "async function* g() {\n  const [a = yield] = b;\n}", 2, 13],
  ["an assignment", "async function* g() {\n  [a = (yield 1)] = b;\n}", 2, 8],
  ["a delegation in a destructuring", "async function* g() {\n\n  [[a = yield* b]] = c;\n}", 3, 8],
  ["the head of a loop", "async function* g() {\n  for (const { a = yield } of b);\n}", 2, 19],
])("a yield within %s is refused, by its place", (_name, code, line, column) => {
  expect(() => transform(code, "/src/list.js", { parse })).toThrow(
    expect.objectContaining({
      name: "RefusedError",
      message: expect.stringContaining(
        `/src/list.js:${line}:${column + 1}: a \`yield\` within a destructuring`,
      ) as string,
      id: "/src/list.js",
      loc: { file: "/src/list.js", line, column },
    }) as Error,
  );
});

test.each([
  ["a.js", "async function f() { await 1 }; const a = ;", "js"],
  ["a.jsx", "async function f() { return <a>< }", "js"],
  ["a.ts", "async function f(a: number) { await 1 }; const a: = 1;", "ts"],
  ["a.tsx", "async function f(a: number) { return <a>< }", "tsx"],
] as const)("a module that cannot be read is told of in its own language (%s)", (id, code, lang) => {
  let own: unknown;
  try {
    parse(code, { lang, sourceType: "module" });
  } catch (error) {
    own = error;
  }
  const { message } = own as Error;
  expect(() => transform(code, id, { parse })).toThrow(message);
});

test("a module that cannot be read is an error with its name, and the parser's own as its cause", () => {
  expect(() => transform("async function f( { await 1 }", "/src/broken.js", { parse })).toThrow(
    expect.objectContaining({
      message: expect.stringContaining("/src/broken.js") as string,
      cause: expect.any(SyntaxError) as Error,
    }) as Error,
  );
});
