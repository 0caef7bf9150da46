import { startNeonServer } from "../servers/neon/server.ts";
import { contractEverywhere } from "./contract/everywhere.ts";
import { suites } from "./contract/pg.ts";

// A page has no sockets.
contractEverywhere({
  file: "pg.ts",
  suites,
  servers: { neon: startNeonServer },
  where: ["workerd"],
  only: process.env["ALL_VERSIONS"] ? undefined : /PostgreSQL 18$/,
});
