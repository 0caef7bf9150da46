// `npm run soak`: an hour of virtual time, and ten real minutes of mixed load in a Node process and in a Worker's isolate.
//
//   --minutes N   real minutes of each; 10 by default

import { parseArgs } from "node:util";
import { run } from "../setup/run.mjs";

const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" } } });
const { code } = await run("vitest run --config test/soak/vitest.config.ts --typecheck.enabled=false", {
  env: { SOAK_MINUTES: values.minutes },
});
process.exitCode = code;
