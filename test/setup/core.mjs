// `npm run test:core`: the inner loop. Pool, session, database, errors and context, and a small simulation.

import { run } from "./run.mjs";

const folders = ["pool", "session", "database", "errors", "context", "simulation"].map((name) => `test/${name}/`);
const { code } = await run(`vitest run --config test/vitest.config.ts --typecheck.enabled=false ${folders.join(" ")}`, {
  env: { SCHEDULES: "2000" },
});
process.exitCode = code;
