// On Node 20 and 22 every `await` of the process costs more with each AsyncLocalStorage that was made: there is one for all databases.

import { AsyncLocalStorage } from "node:async_hooks";
import { expect, test, vi } from "vitest";
import { asyncContext, asyncLocal, createDatabase, type DatabaseOptions, zone } from "../../src/index.ts";
import { requestContext } from "../../src/integrations/workers/index.ts";
import { FakeAdapter } from "../kit/fake-adapter.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

/** A class of its own for each test, that counts what is made of it. */
function counted() {
  const made: unknown[] = [];
  class Counted<T> extends AsyncLocalStorage<T> {
    constructor() {
      super();
      made.push(this);
    }
  }
  return { Counted, made };
}

test("three hundred databases, disposed of or not, make one AsyncLocalStorage", async () => {
  const { Counted, made } = counted();
  for (let i = 0; i < 100; i++) {
    const { db } = fakeDatabase({}, { context: asyncLocal(Counted) });
    await db.session(async (own) => {
      await db.query("one");
      expect(db.current()).toBe(own);
    });
    await db.dispose();
    fakeDatabase({}, { context: asyncLocal(Counted, { strict: true }) });
    fakeDatabase({}, { context: requestContext(Counted) });
  }
  expect(made.length).toBe(1);
});

test("asyncLocal() gives one provider for a class, and another where it is strict", () => {
  const { Counted } = counted();
  const provider = asyncLocal(Counted);
  expect(asyncLocal(Counted)).toBe(provider);
  expect(asyncLocal(Counted, { strict: false })).toBe(provider);
  expect(asyncLocal(Counted, { strict: true })).not.toBe(provider);
  expect(asyncLocal(Counted, { strict: true })).toBe(asyncLocal(Counted, { strict: true }));
  expect(asyncLocal(counted().Counted)).not.toBe(provider);
});

test("a hot reload, or a second copy of the package, makes no other", async () => {
  const { Counted, made } = counted();
  const one = fakeDatabase({}, { context: asyncLocal(Counted) });
  vi.resetModules();
  const copy = await import("../../src/index.ts");
  const two = fakeDatabase({}, { context: copy.asyncLocal(Counted) });
  expect(made.length).toBe(1);
  await one.db.session(async (s) => {
    expect(two.db.current()).toBe(undefined);
    await two.db.session(async (t) => {
      await Promise.all([one.db.query("one"), two.db.query("two")]);
      expect([one.db.current() === s, two.db.current() === t]).toEqual([true, true]);
    });
    expect(two.db.current()).toBe(undefined);
  });
});

test("an AsyncContext has one variable for all, another class a storage of its own", () => {
  const made: string[] = [];
  const make = (name: string) =>
    class {
      readonly #storage = new AsyncLocalStorage<unknown>();
      constructor() {
        made.push(name);
      }
      get(): unknown {
        return this.#storage.getStore();
      }
      run<R>(value: unknown, work: () => R): R {
        return this.#storage.run(value, work);
      }
    };
  const [one, two] = [{ Variable: make("one") }, { Variable: make("two") }];
  const providers = [asyncContext(one), asyncContext(one, { strict: true }), asyncContext(two)];
  expect(made).toEqual(["one", "two"]);
  const frame = { owner: {}, session: {}, parent: undefined };
  const seen = providers[0]?.run(frame, () => providers.map((provider) => provider.current() === frame));
  expect(seen).toEqual([true, true, false]);
});

test("a database's callback of another's session finds its own", async () => {
  const { Counted } = counted();
  const [outer, inner] = [0, 1].map(() => fakeDatabase({}, { context: asyncLocal(Counted) }).db);
  const seen: boolean[] = [];
  await outer?.session(async (own) => {
    await inner?.session(async (other) => {
      await other.query("one");
      other.onCommit(() => void seen.push(outer.current() === own, inner.current() === undefined));
    });
  });
  expect(seen).toEqual([true, true]);
});

test("`strict` is kept by every provider that proves absence; it is off by itself", () => {
  const Variable = class {
    get(): unknown {
      return undefined;
    }
    run<R>(_value: unknown, work: () => R): R {
      return work();
    }
  };
  const made = [{}, { strict: true }, { strict: false }].flatMap((options) => [
    asyncLocal(AsyncLocalStorage, options),
    asyncContext({ Variable }, options),
    requestContext(AsyncLocalStorage, options),
  ]);
  expect(made.map(({ strict }) => strict)).toEqual([false, true, false].flatMap((each) => [each, each, each]));
  expect(made.map(({ name }) => name).slice(0, 3)).toEqual(["asyncLocal", "asyncContext", "requestContext"]);
  expect([asyncLocal(AsyncLocalStorage).strict, requestContext(AsyncLocalStorage).strict]).toEqual([false, false]);
  expect(() => asyncLocal(AsyncLocalStorage, { strict: "yes" as never })).toThrow("Expected `strict` to be a boolean");
});

test.each<[string, () => unknown, RegExp]>([
  ["nothing", () => asyncLocal(undefined as never), /class `AsyncLocalStorage` of node:async_hooks, got `undefined`$/],
  ["null", () => asyncLocal(null as never), /class `AsyncLocalStorage`/],
  ["an instance", () => asyncLocal(new AsyncLocalStorage() as never), /class `AsyncLocalStorage`.*got `object`$/],
  ["another class", () => asyncLocal(Map as never), /class `AsyncLocalStorage`.*got `function`$/],
  ["an arrow function", () => asyncLocal((() => 1) as never), /class `AsyncLocalStorage`.*got `function`$/],
  ["its name", () => asyncLocal("AsyncLocalStorage" as never), /class `AsyncLocalStorage`.*got `string`$/],
  ["an instance, for requests", () => requestContext(new AsyncLocalStorage() as never), /class `AsyncLocalStorage`/],
  ["no AsyncContext", () => asyncContext(undefined as never), /namespace `AsyncContext`.*got `undefined`$/],
  ["one of its variables", () => asyncContext({} as never), /namespace `AsyncContext`.*got `object`$/],
  ["no Zone", () => zone(undefined as never), /`Zone` that zone\.js defines, got `undefined`$/],
  ["a zone of it", () => zone({} as never), /`Zone` that zone\.js defines, got `object`$/],
])("%s in the place of the class is a TypeError", (_what, make, message) => {
  expect(make).toThrow(TypeError);
  expect(make).toThrow(message);
});

test.each<[string, unknown, string]>([
  ["the class itself", AsyncLocalStorage, "function AsyncLocalStorage"],
  ["a provider that was not called", asyncLocal, "function asyncLocal"],
  ["an instance", new AsyncLocalStorage(), "[object Object]"],
  ["null", null, "null"],
  ["an empty object", {}, "[object Object]"],
])("a context that is %s is a TypeError in one line, with no source in it", (_what, context, got) => {
  const make = () =>
    createDatabase("fake:db", { adapters: [new FakeAdapter().factory], context } as unknown as DatabaseOptions);
  expect(make).toThrow(
    new TypeError(`Expected \`context\` to be a provider, such as \`asyncLocal(AsyncLocalStorage)\`, got \`${got}\``),
  );
});
