import { startNeonServer } from "../servers/neon/server.ts";
import { contractEverywhere } from "./contract/everywhere.ts";
import { suites } from "./contract/neon.ts";

contractEverywhere({ file: "neon.ts", suites, servers: { neon: startNeonServer } });
