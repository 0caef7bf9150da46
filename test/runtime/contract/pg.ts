import { Client } from "pg";
import { pgTarget } from "../../adapters/pg/target.ts";
import type { NeonServerOptions, RunningServer } from "../../servers/neon/server.ts";
import type { Suites } from "./suites.ts";

export const suites: Suites = ({ start }) => {
  const startServer = start<NeonServerOptions, RunningServer>("neon");
  return Object.fromEntries(
    ([15, 18] as const).map((version) => [`pg, PostgreSQL ${version}`, pgTarget(startServer, { Client }, { version })]),
  );
};
