// Promise: Kysely and Drizzle work on D1 and in Durable Objects as elsewhere, with their migrations.

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleWorker } from "./bundle.ts";
import { startMiniflare } from "./miniflare.ts";

let worker: Awaited<ReturnType<typeof startMiniflare>>;

beforeAll(async () => {
  const { code: script } = await bundleWorker(join(import.meta.dirname, "workers/builders.ts"));
  worker = await startMiniflare({
    script,
    databases: ["DB"],
    durableObjects: { Shelf: "Shelf" },
    compatibilityFlags: ["nodejs_als"],
  });
});

afterAll(async () => {
  await worker.stop();
  expect(worker.log()).toBe("");
});

describe.each(["d1", "object"])("on %s", (place) => {
  const ask = async (act: string): Promise<unknown> => (await fetch(`${worker.url}/${place}/${act}`)).json();

  test("Kysely: migrations, counts, a transaction, and a failure that takes it back", async () => {
    expect(await ask("kysely")).toEqual({
      given: {
        migrated: [["Success", "Success"], []],
        inserted: [1, 1],
        sold: [1, 0],
        failed: "unique",
        items: [{ id: 1, name: "tea", stock: 2 }],
        // What another tool has written there stays as it is.
        wrangler: ["0001_wrangler.sql"],
      },
      busy: 0,
    });
  });

  test("Drizzle: migrations, a transaction, and a rollback", async () => {
    expect(await ask("drizzle")).toEqual({
      given: {
        notes: ["id", "text"],
        changed: 1,
        rolledBack: true,
        left: [{ stock: 3 }],
        batch: [[{ name: "rice" }], [{ stock: 1 }]],
      },
      busy: 0,
    });
  });
});
