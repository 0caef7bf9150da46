// `npm run soak`: an hour of virtual time, and ten real minutes of mixed load in a Node process and in a Worker's isolate.
//
//   --minutes N    real minutes of each; 10 by default
//   --plant WHAT   keeps a `listener`, a `connection` or a `lease` that should have ended: the bounds must break

import { parseArgs } from "node:util";
import { run } from "../setup/run.mjs";

const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" }, plant: { type: "string" } } });
const PLANTS = ["listener", "connection", "lease"];
if (values.plant !== undefined && !PLANTS.includes(values.plant))
  throw new Error(`--plant is one of ${PLANTS.join(", ")}, not ${values.plant}`);
const { code } = await run("vitest run --config test/soak/vitest.config.ts --typecheck.enabled=false", {
  env: { SOAK_MINUTES: values.minutes, ...(values.plant && { SOAK_PLANT: values.plant }) },
});
process.exitCode = code;
