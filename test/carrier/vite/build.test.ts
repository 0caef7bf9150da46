// `vite build` with the plugin: the context is kept in the page, its dependencies, its chunks and its workers.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isopool } from "../../../src/carrier/vite.ts";
import { current, inContext } from "../kit.ts";
import { LOOKS, type Project, project } from "./project.ts";

interface Page {
  flow(see: () => void): Promise<void>;
}

let page: Project;
beforeAll(() => void (page = project()));
afterAll(() => page.remove());

/** What two flows at once, and one of nobody, see in the built page. */
async function seenIn(file: string): Promise<(string | undefined)[][]> {
  const { flow } = await page.load<Page>(file);
  const flows = ["A", "B", undefined].map(async (name) => {
    const seen: (string | undefined)[] = [];
    await inContext(name, () => flow(() => seen.push(current())));
    return seen;
  });
  return Promise.all(flows);
}

const kept = ["A", "B", undefined].map((name) => Array.from({ length: LOOKS }, () => name));

test.each([true, false])("every look finds the context of its own flow (minified: %s)", async (minify) => {
  const [entry] = await page.build({ minify });
  expect(await seenIn(entry as string)).toEqual(kept);
});

test("without the plugin, the same page finds none", async () => {
  const [entry] = await page.build({ carrier: [] });
  const [first] = await seenIn(entry as string);
  expect(first).toEqual(Array.from({ length: LOOKS }));
});

test("a web worker of the page keeps its contexts, too", async () => {
  const files = await page.build({ minify: true });
  const worker = files.find((file) => file.endsWith("/worker.mjs"));
  expect(await seenByWorker(worker as string)).toEqual(Array.from({ length: LOOKS }, () => "W"));
});

/** Runs the worker's script here: it only needs a message, and somebody to answer. */
async function seenByWorker(file: string): Promise<unknown> {
  const globals = globalThis as Record<string, unknown>;
  let start: (event: { data: string }) => void = () => undefined;
  globals["addEventListener"] = (_type: string, listener: typeof start) => (start = listener);
  Object.assign(globals, { inside: inContext, current });
  const answer = new Promise((resolve) => (globals["postMessage"] = resolve));
  await page.load(file);
  start({ data: "W" });
  return answer.finally(() =>
    ["addEventListener", "postMessage", "inside", "current"].forEach((name) => delete globals[name]),
  );
}

test("what is excluded is left as it is", async () => {
  const [entry] = await page.build({ carrier: isopool({ exclude: /cjs-dep/ }) });
  const text = readFileSync(entry as string, "utf8");
  expect(text).toMatch(/async later\(work\) \{\s*await null/);
  expect(text).toContain("$cx");
});

test("what is rendered on a server is left as it is: it has AsyncLocalStorage", async () => {
  const [entry] = await page.build({ ssr: true, entry: "flow.ts" });
  expect(readFileSync(entry as string, "utf8")).not.toContain("$cx");
});

test("what cannot be carried ends the build, and is told by its place", async () => {
  page.write("refused.js", "export async function* g(b) {\n  const [a = yield] = b;\n}\n");
  const build = page.build({ entry: "refused.js" });
  await expect(build).rejects.toThrow(/refused\.js:2:14: a `yield` within a destructuring/);
});

test.each([5, "a.js", {}])("an exclude that is neither an expression nor a function is refused: %s", (exclude) => {
  expect(() => isopool({ exclude: exclude as never })).toThrow("Expected `exclude` to be");
});
