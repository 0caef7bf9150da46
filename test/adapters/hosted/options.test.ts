// Promise: what cannot be meant is refused where it was written, and nothing is asked of the platform before a session needs it.

import { describe, expect, test } from "vitest";
import { hosted, type PoolHostNamespace } from "../../../src/adapters/hosted/index.ts";
import { createDatabase } from "../../../src/index.ts";

const never = (): PoolHostNamespace => {
  throw new Error("asked for the binding");
};

test.each([
  [{ namespace: {} }, "Expected `namespace` to be a function, `() => env.POOL`, got `object`"],
  [{ namespace: never, shards: 0 }, "Expected `shards` to be an integer >= 1, got `0`"],
  [{ namespace: never, shards: 1.5 }, "Expected `shards` to be an integer >= 1, got `1.5`"],
])("%j is refused", (options, message) => {
  expect(() => hosted(options as never)).toThrow(new TypeError(message));
});

test.each(["hosted:", "hosted://", "hosted://a/b", "hosted://ada:s3cr3t@shop", "hosted://shop?x=s3cr3t"])(
  "the URL %s is refused, without what it holds",
  (url) => {
    const make = (): unknown => createDatabase(url, { adapters: [hosted({ namespace: never })] });
    expect(make).toThrow(new TypeError("Expected a URL such as `hosted://shop`: a name, and nothing else"));
  },
);

describe("a hosted database", () => {
  const adapters = [hosted({ namespace: never })];

  test("asks for nothing when it is made, and speaks PostgreSQL", () => {
    const db = createDatabase("hosted://shop", { adapters });
    expect(db.dialect).toBe("postgres");
    expect(db.capabilities).toMatchObject({ affinity: "request", transactions: "interactive", placeholder: "$" });
  });

  test("refuses setup, which belongs to the host", () => {
    expect(() => createDatabase("hosted://shop", { adapters, setup: ["SET x.y = 1"] })).toThrow(
      /^Expected `setup` and connection hooks in the options of the pool host/,
    );
  });

  test("refuses what a connection hook asks", async () => {
    const namespace = (): PoolHostNamespace => ({ idFromName: (name) => name, get: () => ({}) });
    const db = createDatabase("hosted://shop", {
      adapters: [hosted({ namespace })],
      afterConnection: async (connection) => void (await connection.query("SELECT 1")),
    });
    await expect(db.autocommit.query("SELECT 1")).rejects.toThrow(/hooks in the options of the pool host/);
    await db.dispose();
  });

  test("says so when its binding is missing", async () => {
    const db = createDatabase("hosted://shop", { adapters: [hosted({ namespace: () => undefined as never })] });
    await expect(db.autocommit.query("SELECT 1")).rejects.toThrow(
      new TypeError("Expected `namespace` to return a Durable Object binding: is it in the Worker's configuration?"),
    );
    await db.dispose();
  });

  test("refuses values that cannot be bound before it asks for a seat", async () => {
    const db = createDatabase("hosted://shop", { adapters });
    for (const value of [() => "s3cr3t", Symbol("s3cr3t"), new Map(), new Date(NaN)]) {
      const failure = await db.autocommit.query("SELECT $1", [value as never]).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: "QUERY_FAILED", outcome: "not-executed", details: { kind: "parameter" } });
      expect(String(failure)).not.toContain("s3cr3t");
    }
    await db.dispose();
  });
});

test("shards are objects of their own, chosen at random, with the hint where there is one", () => {
  const asked: unknown[] = [];
  const namespace = (): PoolHostNamespace => ({
    idFromName: (name) => name,
    get: (id: unknown, options?: unknown) => {
      asked.push([id, options]);
      return {};
    },
  });
  const adapter = hosted({ namespace, shards: 3, locationHint: "weur" }).create({ url: "hosted://shop", folder: "" });
  expect(adapter.key).toBe("hosted://shop");
  const { signal } = new AbortController();
  for (let turn = 0; turn < 200; turn++) void adapter.open({ url: "hosted://shop", signal });
  const names = new Set(asked.map((each) => JSON.stringify(each)));
  const hint = { locationHint: "weur" };
  expect([...names].toSorted()).toEqual(
    ["shop", "shop#1", "shop#2"].map((name) => JSON.stringify([name, hint])).toSorted(),
  );
});
