// An error thrown in a built page is told by the line and column of the author's TypeScript.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Project, project } from "./project.ts";

const source = `interface Row { id: number }

async function inner(rows: Row[]): Promise<never> {
  await null;
  for (const row of rows) await row;
  throw new Error("inner");
}

export class Outer {
  async first(): Promise<void> {
    return await inner([{ id: 1 }] as Row[]);
  }
  async *second(): AsyncGenerator<void> {
    try { await null; yield await this.first(); } catch ({ message = "" }: any) { throw new TypeError(message); }
  }
  async third(): Promise<void> {
    for await (const nothing of this.second()) ;
  }
}
export const fourth = async (outer: Outer): Promise<void> => outer.third();
export const fail = async () => (await null, fourth(new Outer()));
`;

let page: Project;
beforeAll(() => {
  page = project();
  page.write("failing.ts", source);
});
afterAll(() => page.remove());

/** `"3:6 inner"` for each frame of ours, by the source map. */
function traced(stack: string, file: string): string[] {
  const map = new TraceMap(readFileSync(`${file}.map`, "utf8"));
  const frames = [...stack.matchAll(/failing\.mjs:(?<line>\d+):(?<column>\d+)/g)].map(({ groups }) =>
    originalPositionFor(map, { line: Number(groups?.["line"]), column: Number(groups?.["column"]) - 1 }),
  );
  return frames.map(({ source: from, line, column }) => {
    expect(from).toMatch(/failing\.ts$/);
    const text = source.split("\n")[Number(line) - 1]?.slice(Number(column)) ?? "";
    return `${line}: ${/^[^;]*/.exec(text)?.[0]}`;
  });
}

/** The stack as Node writes it: a test runner would have it mapped already. */
function stackOf(file: string, call: string): string {
  const script = `import { Outer, fail } from ${JSON.stringify(file)}; ${call}.catch((error) => console.log(error.stack));`;
  return execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
}

test.each([false, true])("a stack trace names what the author wrote (minified: %s)", async (minify) => {
  const [file = ""] = await page.build({ entry: "failing.ts", sourcemap: true, minify });
  expect(traced(stackOf(file, "new Outer().first()"), file)).toEqual([
    // A minifier takes away the `new`.
    minify ? '6: Error("inner")' : '6: new Error("inner")',
    "11: await inner([{ id: 1 }] as Row[])",
  ]);
  expect(traced(stackOf(file, "fail()"), file)).toEqual([
    minify ? "14: TypeError(message)" : "14: new TypeError(message)",
    expect.stringMatching(/^17: .*nothing of this\.second\(\)/),
  ]);
});
