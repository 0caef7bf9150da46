import { postgres, type PostgresOptions } from "../../../src/adapters/pg/index.ts";
import type { ContractDialect, Target } from "../../../src/integrations/adapter-contract/index.ts";
import type { NeonServerOptions, RunningServer } from "../../servers/neon/server.ts";
import { postgresDialect } from "../neon/dialect.ts";

/** A server for each case, and an adapter on it; nothing may be left there. */
export function pgTarget(
  start: (options: NeonServerOptions) => Promise<RunningServer>,
  options: PostgresOptions,
  server: NeonServerOptions,
  dialect: Partial<ContractDialect> = {},
): Target {
  let running: RunningServer;
  return {
    dialect: {
      ...postgresDialect,
      kill: async ({ raw }) => {
        const client = raw as { once(event: "end", listener: () => void): void };
        const isSeen = new Promise<void>((resolve) => client.once("end", resolve));
        await running.kill();
        await isSeen;
      },
      ...dialect,
    },
    make: async () => {
      running = await start(server);
      return {
        factory: postgres(options),
        url: running.plainUrl,
        leaks: () => running.leaks(),
        dispose: () => running.stop(),
      };
    },
  };
}
