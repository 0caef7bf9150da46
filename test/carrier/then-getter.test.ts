// A `then` is read once by whoever awaits or returns a value; a getter can tell.

import { afterEach, expect, test } from "vitest";
import { browserContext, unpatch } from "../../src/carrier/runtime/index.ts";
import { carry, inContext } from "./kit.ts";

afterEach(() => unpatch());

const ways: Record<string, string> = {
  await: "async function main(value) { return [await value].length; }",
  "return behind an await":
    "async function f(value) { await 1; return value; } const main = (value) => f(value).then(() => 1);",
  return: "async function f(value) { return value; } const main = (value) => f(value).then(() => 1);",
  arrow: "const main = (value) => (async () => value)().then(() => 1);",
  "arrow behind an await": "const main = (value) => (async () => (await 1, value))().then(() => 1);",
  yield:
    "async function* g(value) { yield value; } async function main(value) { for await (const a of g(value)); return 1; }",
  "return of a generator":
    "async function* g(value) { return value; } async function main(value) { await g(value).next(); return 1; }",
  "step of a loop": "async function main(value) { for await (const a of [value]); return 1; }",
  destructuring: "async function main(value) { const [a = await value] = []; return 1; }",
  "callback of then": "const main = (value) => Promise.resolve().then(() => value).then(() => 1);",
  "Promise.resolve": "const main = (value) => Promise.resolve(value).then(() => 1);",
};

/** How often each kind of `then` is read. */
async function reads(source: string, isCarried: boolean): Promise<Record<string, unknown>> {
  const { main } = carry<{ main: (value: unknown) => Promise<unknown> }>(
    `${source}\nexports.main = main;`,
    {},
    { isCarried },
  );
  const counts: Record<string, unknown> = {};
  for (const [given, result] of Object.entries({ undefined, five: 5, object: {} })) {
    const count = { own: 0, inherited: 0 };
    const own = {
      // oxlint-disable-next-line unicorn/no-thenable -- it looks like one
      get then(): unknown {
        count.own++;
        return result;
      },
    };
    class Inherited {
      // oxlint-disable-next-line unicorn/no-thenable -- it looks like one
      get then(): unknown {
        count.inherited++;
        return result;
      }
    }
    const inherited = new Inherited();
    const run = (value: unknown): Promise<unknown> => (isCarried ? inContext("A", () => main(value)) : main(value));
    await run(own);
    await run(inherited);
    counts[given] = { ...count, keys: [Reflect.ownKeys(own), Reflect.ownKeys(inherited)] };
    expect(Object.getOwnPropertyDescriptor(own, "then")).toMatchObject({ set: undefined, enumerable: true });
  }
  return counts;
}

test.each(Object.entries(ways))(
  "a getter that gives no function is read as often as without us: %s",
  async (_way, source) => {
    const expected = await reads(source, false);
    // Also with the patches, through which callbacks go.
    browserContext({ warn: false });
    expect(await reads(source, true)).toEqual(expected);
  },
);

test("what is frozen, and what is a proxy, comes through as it is", async () => {
  const { main } = carry<{ main: (value: unknown) => Promise<unknown> }>(
    "exports.main = async (value) => [await value];",
  );
  const frozen = Object.freeze({
    // oxlint-disable-next-line unicorn/no-thenable -- it looks like one
    get then(): unknown {
      return 1;
    },
  });
  const proxy: unknown = new Proxy({}, { has: () => true });
  for (const value of [frozen, proxy]) expect(await inContext("A", () => main(value))).toEqual([value]);
});
