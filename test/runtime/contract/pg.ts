import { drivers } from "../../adapters/pg/drivers.ts";
import { pgTarget } from "../../adapters/pg/target.ts";
import type { NeonServerOptions, RunningServer } from "../../servers/neon/server.ts";
import type { Suites } from "./suites.ts";

export const suites: Suites = ({ start }) => {
  const startServer = start<NeonServerOptions, RunningServer>("neon");
  const of = (name: keyof typeof drivers, version: 15 | 18) =>
    [`${name}, PostgreSQL ${version}`, pgTarget(startServer, drivers[name], { version })] as const;
  return Object.fromEntries([of("pg", 15), of("postgres.js", 15), of("pg", 18), of("postgres.js", 18)]);
};
