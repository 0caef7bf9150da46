// Which databases share a pool: those whose sessions cannot tell which of them they are in.

import { describe, expect, onTestFinished, test } from "vitest";
import {
  createDatabase,
  type DatabaseOptions,
  explicit,
  type PoolOptions,
  pools,
  shared,
  type UrlSource,
} from "../../src/index.ts";
import { FakeAdapter } from "../kit/fake-adapter.ts";
import { FakeClock } from "../kit/fake-clock.ts";

const KEY = "fake:sharing-test";

/** How many pools two databases need, each used once. */
async function poolsOf(one: [UrlSource, DatabaseOptions], other: [UrlSource, DatabaseOptions]): Promise<number> {
  const dbs = [one, other].map(([url, options]) => createDatabase(url, options));
  for (const db of dbs) await db.autocommit.query("one");
  const count = [...pools().keys()].filter((key) => key.startsWith(KEY)).length;
  for (const db of dbs) await db.dispose();
  expect([...pools().keys()].filter((key) => key.startsWith(KEY))).toEqual([]);
  return count;
}

const adapter = new FakeAdapter({ key: KEY });
const hook = (): void => undefined;
const base: DatabaseOptions = {
  adapters: [adapter.factory],
  setup: ["set", { text: "set", params: [1] }],
  afterConnection: hook,
  pool: { max: 4 },
};

test("databases that are configured alike share a pool, and their connections", async () => {
  const before = adapter.opens;
  const alike = {
    ...base,
    setup: ["set", { text: "set", params: [1] }],
    pool: { max: 4 },
    adapters: [...base.adapters],
  };
  expect(await poolsOf(["fake:db", base], ["fake:db", alike])).toBe(1);
  expect(adapter.opens - before).toBe(1);
});

test("what shapes no connection does not keep databases apart: their context and their listener", async () => {
  expect(
    await poolsOf(["fake:db", base], ["fake:db", { ...base, context: explicit(), onEvent: () => undefined }]),
  ).toBe(1);
});

test("a default that is written out is the same as one that is left out", async () => {
  const plain: DatabaseOptions = { adapters: [adapter.factory] };
  const spelled: DatabaseOptions = {
    ...plain,
    pool: {},
    setup: [],
    checkActiveConnection: true,
    stacks: false,
    runtime: shared(),
  };
  expect(await poolsOf(["fake:db", plain], ["fake:db", spelled])).toBe(1);
});

const otherPool: Required<PoolOptions> = {
  max: 5,
  maxIdle: 1,
  acquireTimeoutMs: 1,
  openTimeoutMs: 1_000,
  idleMs: 1,
  maxLifetimeMs: 1_000,
  maxUses: 9,
  validateAfterMs: 1,
  maxWaiting: 1,
  leakMs: 60_000,
};

describe("each of these keeps databases apart:", () => {
  test.each<[string, UrlSource, Partial<DatabaseOptions>]>([
    ["another URL, its password included", "fake:db?password=other", {}],
    ["another adapter", "fake:db", { adapters: [new FakeAdapter({ key: KEY }).factory] }],
    ["an adapter with other options", "fake:db", { adapters: [{ ...adapter.factory, identity: ["other"] }] }],
    ["another setup", "fake:db", { setup: ["set role", { text: "set", params: [1] }] }],
    ["less setup", "fake:db", { setup: ["set"] }],
    ["another value in the setup", "fake:db", { setup: ["set", { text: "set", params: [2] }] }],
    ["another hook", "fake:db", { afterConnection: () => undefined }],
    ["another first hook", "fake:db", { afterFirstConnection: hook }],
    ["no check of connections", "fake:db", { checkActiveConnection: false }],
    ["another folder", "fake:db", { folder: "/elsewhere" }],
    ["stacks", "fake:db", { stacks: true }],
    ["another clock", "fake:db", { runtime: { ...shared(), clock: new FakeClock() } }],
    ["another runtime", "fake:db", { runtime: { ...shared(), name: "other" } }],
    ...Object.entries(otherPool).map(([name, value]): [string, string, Partial<DatabaseOptions>] => [
      `pool.${name}`,
      "fake:db",
      { pool: { ...base.pool, [name]: value } },
    ]),
  ])("%s", async (_what, url, difference) => {
    expect(await poolsOf(["fake:db", base], [url, { ...base, ...difference }])).toBe(2);
  });

  test("setup values that only look alike", async () => {
    const withValue = (value: string | number): DatabaseOptions => ({
      ...base,
      setup: [{ text: "set", params: [value] }],
    });
    expect(await poolsOf(["fake:db", withValue(1)], ["fake:db", withValue("1")])).toBe(2);
    const texts = (...setup: string[]): DatabaseOptions => ({ ...base, setup });
    expect(
      await poolsOf(["fake:db", texts("a", "b")], ["fake:db", { ...base, setup: [{ text: "a", params: ["b"] }] }]),
    ).toBe(2);
  });

  test("names of setup values", async () => {
    const named = (name: string): DatabaseOptions => ({ ...base, setup: [{ text: "set", params: { [name]: 1 } }] });
    expect(await poolsOf(["fake:db", named("a")], ["fake:db", named("b")])).toBe(2);
  });

  test("URLs that are asked of two functions", async () => {
    expect(await poolsOf([() => "fake:db", base], [() => "fake:db", base])).toBe(2);
  });
});

test("sources without a key are never shared, although everything is the same", async () => {
  const hidden = new FakeAdapter();
  const dbs = [0, 1].map(() => createDatabase("fake:db", { adapters: [hidden.factory] }));
  onTestFinished(async () => void (await Promise.all(dbs.map((db) => db.dispose()))));
  for (const db of dbs) await db.autocommit.query("one");
  expect(hidden.opens).toBe(2);
});

test("the events of a shared pool are told to all who share it, those of a session to its own database alone", async () => {
  const told: string[][] = [[], []];
  const dbs = told.map((list) => createDatabase("fake:db", { ...base, onEvent: ({ type }) => list.push(type) }));
  await dbs[0]!.autocommit.query("one");
  await dbs[1]!.autocommit.query("two");
  expect(told[1]).toEqual(["session", "acquire", "send", "flight", "release", "end"]);
  expect(told[0]).toEqual([
    ...["session", "wait", "open", "acquire", "send", "flight", "release", "end"],
    ...["acquire", "release"],
  ]);
  for (const db of dbs) await db.dispose();
});
