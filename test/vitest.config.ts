// Everything but the browser: `npm run test:unit`, and a part of `npm test`.

import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// drizzle-orm 1.0 is installed beside 0.45, under a name of its own: what is about it gets that.
const drizzleV1: Plugin = {
  name: "drizzle-orm 1.0",
  enforce: "pre",
  resolveId(source, importer, options) {
    if (!/^drizzle-orm(?=\/|$)/.test(source) || !importer?.includes("/drizzle/v1/")) return undefined;
    return this.resolve(source.replace("drizzle-orm", "drizzle-orm-1"), importer, { ...options, skipSelf: true });
  },
};

export default defineConfig({
  plugins: [drizzleV1],
  root: fileURLToPath(new URL("..", import.meta.url)),
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/e2e/**", "test/bench/**"],
    setupFiles: ["test/setup/leaked-secrets.ts"],
    // By itself vitest keeps one processor free. Most of these tests wait for a server: three of them at a time keep two processors busy.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    // A test that waits for real is wrong; these bounds only end what hangs, on the slowest machine too.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 120_000 } },
    typecheck: {
      enabled: true,
      include: ["test/types/**/*.test-d.ts"],
      tsconfig: "test/types/tsconfig.json",
      // The checks tell those, each in its own place.
      ignoreSourceErrors: true,
    },
  },
});
