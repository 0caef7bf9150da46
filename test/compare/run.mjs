// `npm run compare`: plays every story on every library, and writes docs/comparison.md. A few minutes: rivals that hang are given time.

import { run } from "../setup/run.mjs";

// Some rivals reject where nobody listens; that is seen, and ends nothing.
const { code } = await run(
  "vitest run --config test/vitest.config.ts test/compare --dangerouslyIgnoreUnhandledErrors",
  { env: { COMPARE: "all" } },
);
const formatted = await run("oxfmt docs/comparison.md");
process.exitCode = code || formatted.code;
