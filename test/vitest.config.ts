// Everything but the browser: `npm run test:unit`, and a part of `npm test`.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/e2e/**", "test/bench/**"],
    // By itself vitest keeps one processor free; most of these tests wait for a server.
    maxWorkers: "100%",
    // A test that waits for real is wrong; these bounds only end what hangs.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    typecheck: {
      enabled: true,
      include: ["test/types/**/*.test-d.ts"],
      tsconfig: "test/types/tsconfig.json",
      // The checks tell those, each in its own place.
      ignoreSourceErrors: true,
    },
  },
});
