import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, expect, test } from "vitest";
import { asyncLocal, createDatabase, type DatabaseOptions, explicit, setFolder } from "../../src/index.ts";
import { FakeAdapter } from "../kit/fake-adapter.ts";
import { fakeDatabase } from "../kit/fake-database.ts";

afterEach(() => setFolder(""));

/** A database that was made here and now, and the folder that its adapter was given. */
function made(options: Partial<DatabaseOptions> = {}): { own: string; adapter: string | undefined } {
  let adapter: string | undefined;
  const { factory } = new FakeAdapter();
  const spy = {
    ...factory,
    create: (source: Parameters<typeof factory.create>[0]) => ((adapter = source.folder), factory.create(source)),
  };
  return { own: createDatabase("fake:db", { adapters: [spy], ...options }).folder, adapter };
}

test("no folder is the empty one; the option names it, and the adapter is told", () => {
  expect(made()).toEqual({ own: "", adapter: "" });
  expect(made({ folder: "/data" })).toEqual({ own: "/data", adapter: "/data" });
});

test("setFolder() outside of any session is the isolate's, for databases that are made later; the option goes before it", () => {
  const early = fakeDatabase().db;
  setFolder("/isolate");
  expect(made().own).toBe("/isolate");
  expect(made({ folder: "/own" }).own).toBe("/own");
  expect(made({ folder: "" }).own).toBe("");
  expect(early.folder).toBe("");
});

test("setFolder() inside a session is that session's: others, and what comes after it, do not see it", async () => {
  const options = { context: asyncLocal(AsyncLocalStorage) };
  const { db } = fakeDatabase({}, options);
  const inSession = (work: () => unknown): Promise<unknown> => db.session(async (s) => (await s.query("use"), work()));
  await Promise.all([
    inSession(async () => {
      setFolder("/one");
      await new Promise((resolve) => setImmediate(resolve));
      expect(made(options).own).toBe("/one");
      await db.session(() => {
        expect(made(options).own).toBe("/one");
        setFolder("/inner");
        expect(made(options).own).toBe("/inner");
      });
      expect(made(options).own).toBe("/one");
    }),
    inSession(async () => {
      expect(made(options).own).toBe("");
      setFolder("/two");
      await new Promise((resolve) => setImmediate(resolve));
      expect(made(options).own).toBe("/two");
    }),
  ]);
  expect(made(options).own).toBe("");
  expect(made({ context: explicit() }).own).toBe("");
});

test("setFolder() before the session's first statement is that session's too", async () => {
  const context = asyncLocal(AsyncLocalStorage);
  const { db } = fakeDatabase({}, { context });
  await db.session(() => {
    setFolder("/early");
    expect(made({ context }).own).toBe("/early");
  });
  expect(made().own).toBe("");
});

test("a folder that is no string is a TypeError", () => {
  expect(() => setFolder(undefined as never)).toThrow(/folder to be a string, got `undefined`/);
});
