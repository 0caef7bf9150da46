import { startNeonServer } from "../servers/neon/server.ts";
import { contractEverywhere } from "./contract/everywhere.ts";
import { suites } from "./contract/neon.ts";

// The adapter's own tests run on every version; what a runtime does to it shows on one. `npm run test:all` takes all.
const only = process.env["ALL_VERSIONS"] ? undefined : /PostgreSQL 18$/;

contractEverywhere({ file: "neon.ts", suites, servers: { neon: startNeonServer }, only });
