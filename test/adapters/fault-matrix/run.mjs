// `npm run faults`: the whole matrix, every action at every message, and pairs.

import { run } from "../../setup/run.mjs";

const { code } = await run(
  "vitest run --config test/vitest.config.ts --typecheck.enabled=false test/adapters/fault-matrix",
  {
    env: { FAULTS: "all" },
  },
);
process.exitCode = code;
