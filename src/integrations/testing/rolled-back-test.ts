import { checkNames } from "../../option-names.ts";
import type { Database } from "../../index.ts";
import { OPTIONS, rolledBack, type RolledBackOptions } from "./rolled-back.ts";

type Body = (this: unknown, ...args: never[]) => unknown;

/** Members of a runner's `test` that take the body of a test, or make a function that does. */
const TAKES_BODY =
  /^(only|skip|todo|fails|fail|failing|fixme|concurrent|sequential|each|for|runIf|skipIf|extend|override|scoped|it|test)$/;
/** Those of them whose own arguments are no tests. */
const MAKES_TEST = /^(each|for|runIf|skipIf|extend|override|scoped)$/;

/**
 * A runner's `test`, each of whose tests is in `rolledBack()`: that of vitest, `node:test` or Playwright, with all its members
 * (`test.only`, `test.each`, `test.extend`, …). The runner's own signal ends a test that takes too long.
 *
 * @param runner - `test` as it is imported, or extended with fixtures.
 * @param dbs - a database, or several.
 * @returns a function like it. Members for hooks and suites are the runner's own.
 * @example
 * import { test as plain } from "vitest";
 * const test = rolledBackTest(plain, db);
 * test("an order takes from the stock", async () => {
 *   await order({ item: 1, count: 2 });
 * });
 */
export function rolledBackTest<Test extends (...args: never[]) => unknown>(
  runner: Test,
  dbs: Database | readonly Database[],
  options: Omit<RolledBackOptions, "signal"> = {},
): Test {
  if (typeof runner !== "function") throw new TypeError(`Expected a runner's \`test\`, got \`${typeof runner}\``);
  checkNames(options, OPTIONS, "rolledBackTest()");
  const wrapBody = (body: Body): Body => inTest(body, dbs, options);
  return wrap(runner, wrapBody, true);
}

function wrap<F extends (...args: never[]) => unknown>(
  target: F,
  wrapBody: (body: Body) => Body,
  takesBody: boolean,
): F {
  return new Proxy(target, {
    apply(_, self: unknown, args: unknown[]) {
      const place = takesBody ? args.findLastIndex((each) => typeof each === "function") : -1;
      const given = args.map((each, at) => (at === place ? wrapBody(each as Body) : each));
      const result: unknown = Reflect.apply(target, self, given);
      return typeof result === "function" ? wrap(result as F, wrapBody, true) : result;
    },
    get(_, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function" || typeof name !== "string" || !TAKES_BODY.test(name)) return member;
      return wrap(member as F, wrapBody, !MAKES_TEST.test(name));
    },
  });
}

function inTest(body: Body, dbs: Database | readonly Database[], options: RolledBackOptions): Body {
  if (body.length > 1 && isCallbackStyle(body))
    throw new TypeError("Expected a test that returns a promise: one that calls `done` ends after it was rolled back");
  const wrapped = function (this: unknown, ...args: never[]): Promise<unknown> {
    const signal = args.map(signalOf).find(Boolean);
    return rolledBack(dbs, () => body.apply(this, args), { ...options, ...(signal && { signal }) });
  };
  // vitest and Playwright read the names of fixtures in the text of a test, and node:test how many parameters it has.
  Object.defineProperties(wrapped, {
    name: { value: body.name },
    length: { value: body.length },
    toString: { value: () => Function.prototype.toString.call(body) },
  });
  return wrapped;
}

// `(t, done) => …` of node:test: nobody else has a second parameter of this name.
function isCallbackStyle(body: Body): boolean {
  return /^[^=]*?,\s*done\s*\)/.test(Function.prototype.toString.call(body));
}

function signalOf(context: unknown): AbortSignal | undefined {
  const { signal } = Object(context) as { readonly signal?: unknown };
  return typeof (signal as AbortSignal | undefined)?.addEventListener === "function"
    ? (signal as AbortSignal)
    : undefined;
}
