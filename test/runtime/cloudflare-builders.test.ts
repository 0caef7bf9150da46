// Promise: Kysely and Drizzle work on D1 and in Durable Objects as elsewhere, with their migrations.

import { join } from "node:path";
import type { Plugin } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleWorker } from "./bundle.ts";
import { startMiniflare } from "./miniflare.ts";

/** What is installed beside the older ones, under names of its own. */
const newer: Plugin = {
  name: "newer",
  setup({ onResolve, onLoad, resolve }) {
    const ours = (path: string): boolean => /[\\/]node_modules[\\/]/.test(path);
    onResolve({ filter: /^drizzle-orm(\/|$)/ }, ({ path, importer, kind, resolveDir }) =>
      ours(importer) ? undefined : resolve(path.replace("drizzle-orm", "drizzle-orm-1"), { kind, resolveDir }),
    );
    onResolve({ filter: /integrations\/drizzle\/index\.ts$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.replace("index.ts", "v1/index.ts")),
    }));
    onResolve({ filter: /^kysely$/ }, () => ({ path: "kysely", namespace: "newer" }));
    onLoad({ filter: /.*/, namespace: "newer" }, () => ({
      contents: `export * from "kysely-0.29"; export * from "kysely-0.29/migration"`,
      resolveDir: import.meta.dirname,
    }));
  },
};

const versions = {
  "Kysely 0.28 and Drizzle 0.45": { plugins: [], drizzle: "0", kysely: "kysely" },
  "Kysely 0.29 and Drizzle 1.0": { plugins: [newer], drizzle: "1", kysely: "kysely-0.29" },
};

describe.each(Object.entries(versions))("%s", (_, { plugins, drizzle, kysely }) => {
  let worker: Awaited<ReturnType<typeof startMiniflare>>;

  beforeAll(async () => {
    const { code: script } = await bundleWorker(join(import.meta.dirname, "workers/builders.ts"), plugins);
    expect(script).toContain(`node_modules/${kysely}/`);
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

  test("they are what is meant", async () => {
    expect(await (await fetch(`${worker.url}/d1/version`)).json()).toEqual({ given: drizzle, busy: 0 });
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
});
