// Runs code that has been through the transform, beside AsyncLocalStorage: the two must agree at every probe.

import { AsyncLocalStorage } from "node:async_hooks";
import { transformSync } from "esbuild";
import { parseSync } from "vite";
import * as abi from "../../src/carrier/runtime/abi.ts";
import { page } from "../../src/carrier/runtime/page.ts";
import type { Parse } from "../../src/carrier/transform/parse.ts";
import { transform } from "../../src/carrier/transform/transform.ts";

export const parse: Parse = (code, options) => {
  const { program, errors } = parseSync("module.js", code, options);
  if (errors[0] !== undefined) throw new SyntaxError(errors[0].message);
  return program;
};

/** As Vite's plugins are given it: parentheses are no nodes of their own. */
export const parseWithoutParentheses: Parse = (code, options) =>
  parse(code, { ...options, preserveParens: false } as typeof options);

const oracle = new AsyncLocalStorage<string | undefined>();
const contexts = new Map<string, ReadonlyMap<object, unknown>>();

/** What the carrier says is current: the name given to `inContext()`. */
export function current(): string | undefined {
  return page.current?.get(contexts) as string | undefined;
}

/** What AsyncLocalStorage says. */
export function expected(): string | undefined {
  return oracle.getStore();
}

/** Runs `work` with `name` current, for both. */
export function inContext<T>(name: string | undefined, work: () => T): T {
  const outer = page.current;
  page.current = name === undefined ? undefined : contextOf(name);
  try {
    return oracle.run(name, work);
  } finally {
    page.current = outer;
  }
}

function contextOf(name: string): ReadonlyMap<object, unknown> {
  const context = contexts.get(name) ?? new Map([[contexts, name]]);
  contexts.set(name, context);
  return context;
}

export interface CarryOptions {
  readonly parse?: Parse;
  /** False: the code is left as it is. */
  readonly isCarried?: boolean;
}

/** Evaluates a CommonJS text that may use the names of `scope`, and gives its `module.exports`. */
export function carry<Exports>(
  source: string,
  scope: Record<string, unknown> = {},
  options: CarryOptions = {},
): Exports {
  const carried =
    options.isCarried === false ? undefined : transform(source, "test.js", { parse: options.parse ?? parse });
  const code = lowered(carried?.code ?? source);
  const module = { exports: {} as Exports };
  const names = { module, exports: module.exports, require: () => abi, run: inContext, ...scope };
  // oxlint-disable-next-line typescript/no-implied-eval
  new Function(...Object.keys(names), code)(...Object.values(names));
  return module.exports;
}

/** Node 20 does not know `using`; a browser does. */
function lowered(code: string): string {
  if (!/\busing\b/.test(code)) return code;
  return transformSync(code, { target: "node20", format: "cjs", supported: { using: false } }).code;
}
