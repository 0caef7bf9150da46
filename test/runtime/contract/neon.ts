import { Client, neon } from "@neondatabase/serverless";
import type { NeonOptions } from "../../../src/adapters/neon/index.ts";
import { httpDialect } from "../../adapters/neon/dialect.ts";
import { neonTarget } from "../../adapters/neon/target.ts";
import type { NeonServerOptions, RunningServer } from "../../servers/neon/server.ts";
import type { Suites } from "./suites.ts";

export const suites: Suites = ({ start }) => {
  const startServer = start<NeonServerOptions, RunningServer>("neon");
  const driver = { neon, Client };
  // A test's page may know a test's password.
  const here = (options: Partial<NeonOptions>): Partial<NeonOptions> => ({ allowPasswordInBrowser: true, ...options });
  // Over HTTP there is nothing to kill.
  const auto = { kill: undefined };
  const on = (version: 15 | 18): ReturnType<Suites> => ({
    [`Neon over HTTP, PostgreSQL ${version}`]: neonTarget(
      startServer,
      driver,
      { version },
      here({ transport: "http" }),
      httpDialect,
    ),
    [`Neon over WebSocket, PostgreSQL ${version}`]: neonTarget(
      startServer,
      driver,
      { version },
      here({ transport: "ws" }),
    ),
    [`Neon by need, PostgreSQL ${version}`]: neonTarget(startServer, driver, { version }, here({}), auto),
  });
  return { ...on(15), ...on(18) };
};
