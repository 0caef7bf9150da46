import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { createDatabase, type UrlSource } from "../../src/index.ts";
import { FakeAdapter } from "../kit/fake-adapter.ts";

const URL_WITH_SECRETS = "fake://ada:s3cret@shop.example/db?authToken=t0ken";

/** Connects once, and tells the URL that the adapter was asked to open. */
async function opened(url: UrlSource): Promise<string[]> {
  const urls: string[] = [];
  const adapter = new FakeAdapter({ onOpen: (_attempt, _signal, asked) => void urls.push(asked) });
  const db = createDatabase(url, { adapters: [adapter.factory], pool: { maxIdle: 0 } });
  await db.autocommit.query("one");
  await db.autocommit.query("two");
  await db.dispose();
  return urls;
}

test.each<[string, UrlSource]>([
  ["a text", "fake://host/db"],
  ["a URL", new URL("fake://host/db")],
  ["a function", () => "fake://host/db"],
  ["an async function", () => Promise.resolve("fake://host/db")],
])("the URL may be %s", async (_what, url) => {
  expect(await opened(url)).toEqual(["fake://host/db", "fake://host/db"]);
});

test("a function is asked anew for every connection: a password may change under way", async () => {
  let count = 0;
  expect(await opened(() => `fake://host/db?try=${++count}`)).toHaveLength(2);
  expect(count).toBeGreaterThanOrEqual(2);
  const urls = await opened(() => `fake://host/db?try=${++count}`);
  expect(urls[0]).not.toBe(urls[1]);
});

test("a function that fails is the caller's error at once, and is asked again next time", async () => {
  const boom = new Error("no such binding");
  let isBroken = true;
  const adapter = new FakeAdapter();
  const db = createDatabase(
    () => {
      if (isBroken) throw boom;
      return "fake:db";
    },
    { adapters: [adapter.factory] },
  );
  await expect(db.autocommit.query("one")).rejects.toBe(boom);
  isBroken = false;
  await db.autocommit.query("two");
  expect(adapter.flights).toEqual(["1: two"]);
  await db.dispose();
});

describe.each<[string, unknown, RegExp]>([
  ["no scheme", "//ada:s3cret@shop.example/db", /fake:/],
  ["an unknown scheme", "mysql://ada:s3cret@shop.example/db?authToken=t0ken", /`mysql:`.*`adapters`/],
  ["nothing", "", /fake:/],
  ["a path", "./s3cret.sqlite", /fake:/],
  ["undefined", undefined, /fake:/],
  ["null", null, /fake:/],
  ["a number", 5, /fake:/],
])("a URL with %s", (_what, url, message) => {
  test("is a TypeError that names the remedy, and never a secret", () => {
    const { factory } = new FakeAdapter();
    const make = () => createDatabase(url as string, { adapters: [factory] });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
    expect(make).toThrow("fake:");
    try {
      make();
    } catch (error) {
      expect(inspect(error)).not.toMatch(/s3cret|t0ken/);
    }
  });

  test("is told at the first statement when a function returns it", async () => {
    const { factory } = new FakeAdapter();
    const db = createDatabase(() => url as string, { adapters: [factory] });
    const failure: unknown = await db.autocommit.query("one").catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TypeError);
    expect(inspect(failure)).not.toMatch(/s3cret|t0ken/);
    await db.dispose();
  });
});

test("the scheme is found whatever its case, and the first adapter that serves it is chosen", async () => {
  const [first, second] = [new FakeAdapter(), new FakeAdapter()];
  const db = createDatabase("FAKE:db", {
    adapters: [{ ...first.factory, schemes: ["other"] }, second.factory, first.factory],
  });
  await db.autocommit.query("one");
  expect([first.opens, second.opens]).toEqual([0, 1]);
  await db.dispose();
});

test("a database that is printed shows no secret of its URL", () => {
  const { factory } = new FakeAdapter();
  const db = createDatabase(URL_WITH_SECRETS, { adapters: [factory] });
  expect(inspect(db, { depth: 10, showHidden: true })).not.toMatch(/s3cret|t0ken/);
  expect(JSON.stringify(db)).not.toMatch(/s3cret|t0ken/);
});
