// docs/errors.md is one page with a section per code; the codes are those of ErrorDetails.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const source = read("src/errors.ts");
const body = /export interface ErrorDetails \{\n([\s\S]*?)\n\}/.exec(source)![1]!;
const codes = [...body.matchAll(/^ {2}([A-Z_]+): (\{[^\n]*\}|\{[\s\S]*?\n {2}\});$/gm)].map(([, code, details]) => ({
  code: code!,
  fields: [...details!.replaceAll(/\/\*\*.*?\*\//g, "").matchAll(/(\w+)\??: /g)].map(([, name]) => name!),
}));
const kinds = [.../export type QueryFailureKind =([\s\S]*?);/.exec(source)![1]!.matchAll(/"([a-z-]+)"/g)].map(
  ([, kind]) => kind!,
);

/** The sections of the page, by their heading's code. */
function sections(): Map<string, string> {
  const parts = read("docs/errors.md")
    .split(/^##+ +/m)
    .slice(1);
  return new Map(parts.map((part) => [/^`?([A-Z_]+)`?/.exec(part)?.[1] ?? part.split("\n")[0]!, part]));
}

test("the codes were found in the source", () => {
  expect(codes.length).toBeGreaterThanOrEqual(18);
  expect(codes).toContainEqual({ code: "POOL_TIMEOUT", fields: ["waitedMs", "max", "busy", "waiting"] });
  expect(codes.find(({ code }) => code === "QUERY_FAILED")!.fields).toContain("dialectCode");
  expect(kinds).toContain("foreign-key");
});

describe("docs/errors.md has a section for", () => {
  test.each(codes)("$code, which names every detail it has", ({ code, fields }) => {
    const section = sections().get(code);
    expect(section, `a section headed ${code}`).toBeDefined();
    for (const field of fields) expect(section).toContain(`\`${field}`);
  });

  test("no code that does not exist", () => {
    const known = new Set(codes.map(({ code }) => code));
    const others = [...sections().keys()].filter((heading) => /^[A-Z_]{4,}$/.test(heading) && !known.has(heading));
    expect(others).toEqual([]);
  });

  test("every kind of QUERY_FAILED", () => {
    const section = sections().get("QUERY_FAILED") ?? "";
    for (const kind of kinds) expect(section).toContain(`\`${kind}\``);
  });
});
