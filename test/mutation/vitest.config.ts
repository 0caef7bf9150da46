// What a mutant meets that no schedule of the simulation has noticed.

import { mergeConfig } from "vitest/config";
import base from "../vitest.config.ts";

const { test, ...rest } = base;

export default mergeConfig(
  { ...rest, test: { ...test, setupFiles: [], include: [], exclude: [], typecheck: { enabled: false } } },
  {
    test: {
      include: ["test/{pool,session,database}/*.test.ts"],
      // Slow, or about memory and processes; and a simulation meets each mutant already.
      exclude: ["**/{abort-at-commit,churn,dropped,migrations,simulation,stacks}.test.ts"],
      isolate: false,
      // A mutant makes some tests hang: it has been noticed then.
      testTimeout: 30_000,
      hookTimeout: 30_000,
      expect: { poll: { timeout: 15_000 } },
    },
  },
);
