import type { ContractDialect, Target } from "../../../src/integrations/adapter-contract/index.ts";
import type { LibsqlServerOptions, RunningServer } from "../../servers/libsql/libsql-server.ts";
import { libsqlDialect } from "./dialect.ts";
import { type EitherOptions, libsqlOrClient } from "./factory.ts";

/**
 * A server for each case, and an adapter on it; no stream may be left at the server. Names no runtime: the contract runs in
 * all of them, and `start` is how each comes to a server.
 */
export function libsqlTarget(
  start: (options: LibsqlServerOptions) => Promise<RunningServer>,
  server: LibsqlServerOptions,
  options: EitherOptions = {},
  dialect: Partial<ContractDialect> = {},
): Target {
  let running: RunningServer;
  return {
    ...(options.createClient && { cannotStream: true }),
    dialect: {
      ...libsqlDialect,
      kill: server.profile === "turso-cloud" ? undefined : () => running.expireStreams(),
      ...dialect,
    },
    make: async () => {
      running = await start(server);
      const { url } = running;
      return {
        factory: libsqlOrClient(options),
        url,
        leaks: async () => (await running.open()).map(({ number }) => `stream ${number}`),
        dispose: () => running.stop(),
      };
    },
  };
}
