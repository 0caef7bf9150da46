// Vite puts the maps of all steps together: from the author's TypeScript and JSX to what a browser loads. Each `m<n>` below stands
// behind, before or within something that is put in; wherever one ends up, it leads to where it was written.

import { readFileSync } from "node:fs";
import { originalPositionFor, sourceContentFor, TraceMap } from "@jridgewell/trace-mapping";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createServer } from "vite";
import { isopool } from "../../../src/carrier/vite.ts";
import { type Project, project, settings } from "./project.ts";

const source = `interface Row { readonly m0: number }
declare const x: any, React: any; type Rows = AsyncIterable<Row>;

export async function awaits<T extends Row>(a: T = x.m1, ...rest: T[]): Promise<number | undefined> {
  const b: T = (await x.m2(a as Row)) as T, { m3: c = await x.m4!, ...d } = await x.m5; x.m6;
  for (const [e = await x.m7] of x.m8 satisfies T[]) { x.m9; }
  await x.m10; try { await x.m11; } catch ({ m12: f = x.m13 }: any) { x.m14(f); } finally { x.m15; }
  return b && await x.m16, x.m17(c, d, rest); }
export const arrow = async (a: Row): Promise<any> => await x.m18(a, <T,>(b: T) => x.m19(b)), plain = async () => x.m20;
export async function loops(rows: Rows) {\r
  outer: for await (const { m0: a = x.m21, ...b } of x.m22(rows) as Rows) { if (x.m23(a, b)) continue outer; }\r
  for await (const row of x.m24) await x.m25(row); /* 😀 */ x.m26; '😀'.length; x.m27;\r
  for (const a of x.m28) { await x.m29(a); } x.m30; }
export async function* generator(a: number, ...[b, c = x.m31]: number[]): AsyncGenerator<unknown> {
  const got: unknown = yield x.m32(a, b, c); yield; x.m33(got); return yield* x.m34, x.m35; }
export class View { static #a = async () => await x.m36; async m37<T>(this: View, a?: T) { await x.m38(a, View.#a); x.m39; }
  @x.m40() static async *h() { yield x.m41, x.m42; } static { x.m43(async () => { await x.m44; }); } }
export async function uses() { await 0; x.m45(f); function f() { return x.m46; } var a: any = x.m47; { await using g = x.m48; x.m49(g); } x.m50; }
export const Jsx = async (a: Row) => <x.m51 m52={await x.m53(a)} {...await x.m54}>text {await x.m55} {x.m56}</x.m51>;
x.m57;
`;

let page: Project;
beforeAll(() => {
  page = project();
  page.write("marked.tsx", source);
  page.write("tsconfig.json", '{ "compilerOptions": { "jsx": "react", "experimentalDecorators": true } }');
});
afterAll(() => page.remove());

const MARK = /\bm\d+\b/g;

/** Places of each mark, as `line:column`; columns in UTF-16 units. */
function placesOf(text: string): Map<string, string[]> {
  const places = new Map<string, string[]>();
  text.split("\n").forEach((line, index) => {
    for (const { 0: mark, index: column } of line.matchAll(MARK))
      places.set(mark, [...(places.get(mark) ?? []), `${index + 1}:${column}`]);
  });
  return places;
}

/** Marks of `code` that lead elsewhere, or are missing. */
function astray(code: string, text: string | object): string[] {
  const map = new TraceMap(text as never);
  const from = map.sources.find((name) => name?.endsWith("marked.tsx")) as string;
  expect(sourceContentFor(map, from)).toBe(source);
  const [written, built] = [placesOf(source), placesOf(code)];
  const wrong = [...built].flatMap(([mark, places]) =>
    places
      .map((place) => {
        const [line, column] = place.split(":").map(Number) as [number, number];
        const original = originalPositionFor(map, { line, column });
        return [place, `${original.line}:${original.column}`] as const;
      })
      .filter(([, original]) => !written.get(mark)?.includes(original))
      .map(([place, original]) => `${mark} at ${place} leads to ${original}, not ${written.get(mark)}`),
  );
  return [...wrong, ...[...written.keys()].filter((mark) => !built.has(mark))];
}

test.each([false, true])("each mark of a built page leads to where it was written (minified: %s)", async (minify) => {
  const [file = ""] = await page.build({ entry: "marked.tsx", sourcemap: true, minify });
  expect(astray(readFileSync(file, "utf8"), readFileSync(`${file}.map`, "utf8"))).toEqual([]);
});

test("each mark of what the dev server hands out leads to where it was written", async () => {
  const server = await createServer({
    ...settings(page.root, isopool()),
    server: { middlewareMode: true, ws: false, watch: null },
    // Nothing is looked for in the background, which the close would cut off.
    optimizeDeps: { noDiscovery: true },
  });
  try {
    const result = await server.environments.client.transformRequest("/marked.tsx");
    expect(result?.code).toContain("$cx.b(await");
    expect(astray(result?.code ?? "", result?.map ?? {})).toEqual([]);
  } finally {
    await server.close();
  }
});
