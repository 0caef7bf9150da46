// What `exports` of package.json promises: every path is there, plain ESM, the same on every runtime.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { entries, manifest, root } from "./package.ts";
import { importsOf, isIntegrated } from "./sources.ts";

/** Every file that importing `file` loads, and what of it is no file of ours. */
function reach(file: string, seen = new Set<string>()): { files: Set<string>; foreign: string[] } {
  if (seen.has(file)) return { files: seen, foreign: [] };
  seen.add(file);
  const foreign = importsOf("", readFileSync(file, "utf8")).flatMap(({ specifier }) => {
    const own = relative(root, file).replaceAll("\\", "/");
    if (!specifier.startsWith("."))
      return isIntegrated(own.replace(/^dist\//, ""), specifier) ? [] : [`${own}: ${specifier}`];
    // Emitted declarations name each other with `.ts`, or `.js`.
    const path = file.endsWith(".d.ts") ? specifier.replace(/\.[jt]s$/, ".d.ts") : specifier;
    return reach(join(dirname(file), path), seen).foreign;
  });
  return { files: seen, foreign };
}

// drizzle-orm 1.0 is installed under a name of its own: only its entry gets it. What Workers have, Node has not.
const platform = "data:text/javascript,export class DurableObject {} export class RpcTarget {}";
const resolve = `export const resolve = (specifier, context, next) =>
  specifier === "cloudflare:workers" ? { url: ${JSON.stringify(platform)}, shortCircuit: true } : next(/\\/drizzle\\/v1\\//.test(context.parentURL) ? specifier.replace(/^drizzle-orm(?=\\/|$)/, "drizzle-orm-1") : specifier, context);`;
const register = `import { register } from "node:module"; register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(resolve)}`)});`;
const hooks = ["--import", `data:text/javascript,${encodeURIComponent(register)}`];

test("the package is ESM, and says where its manifest is", () => {
  expect(manifest.type).toBe("module");
  expect(manifest.exports["./package.json"]).toBe("./package.json");
});

test.each(entries)("$name has types and code, and asks for no runtime", ({ conditions, code, types }) => {
  // Bundlers for Workers take a `browser` condition, silently.
  expect(Object.keys(conditions)).toEqual(["types", "default"]);
  expect([types, code].filter((file) => !existsSync(file))).toEqual([]);
});

/** The one package that an entry's types are inferred from; its code imports none. */
const TYPES_OF: Readonly<Record<string, string>> = { "isopool/hono": "dist/integrations/hono/index.d.ts: hono" };

test.each(entries)("$name reaches no driver and no runtime's module", ({ name, code, types }) => {
  expect(reach(code).foreign).toEqual([]);
  expect(reach(types).foreign).toEqual([TYPES_OF[name] ?? []].flat());
});

test.each(entries)("$name is ESM in every file, with a source map", ({ code }) => {
  for (const file of reach(code).files) {
    const text = readFileSync(file, "utf8");
    expect(text.match(/\bmodule\.exports\b|\brequire\(["'`]/)).toBe(null);
    expect(existsSync(`${file}.map`)).toBe(true);
  }
});

test.each(entries)("$name can be imported in plain Node, and exports something", ({ name }) => {
  // By its own name, as a user would: Node resolves it through `exports`.
  const script = `console.log(Object.keys(await import(${JSON.stringify(name)})).join())`;
  const names = execFileSync(process.execPath, [...hooks, "--input-type=module", "-e", script], {
    cwd: root,
    encoding: "utf8",
  });
  expect(names.trim()).not.toBe("");
});

test("importing every entry starts nothing: no timer, no request, no random number", () => {
  // Workers refuse them outside of a request, with an error at start.
  const script = `
    const refuse = (name) => () => { throw new Error(name + " while importing"); };
    for (const name of ["setTimeout", "setInterval", "setImmediate", "fetch"]) globalThis[name] = refuse(name);
    for (const name of ["getRandomValues", "randomUUID"]) crypto[name] = refuse(name);
    Math.random = refuse("Math.random");
    AbortSignal.timeout = refuse("AbortSignal.timeout");
    ${entries.map(({ name }) => `await import(${JSON.stringify(name)});`).join("\n")}
    console.log("quiet");`;
  const output = execFileSync(process.execPath, [...hooks, "--input-type=module", "-e", script], {
    cwd: root,
    encoding: "utf8",
  });
  expect(output).toBe("quiet\n");
});
