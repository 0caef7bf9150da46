import { postgres, type PostgresOptions } from "../../../src/adapters/pg/index.ts";
import type { ContractDialect, Target } from "../../../src/integrations/adapter-contract/index.ts";
import type { NeonServerOptions, RunningServer } from "../../servers/neon/server.ts";
import { postgresDialect } from "../../../src/integrations/adapter-contract/index.ts";

/** A server for each case, and an adapter on it; nothing may be left there. */
export function pgTarget(
  start: (options: NeonServerOptions) => Promise<RunningServer>,
  options: PostgresOptions,
  server: NeonServerOptions,
  dialect: Partial<ContractDialect> = {},
): Target {
  let running: RunningServer;
  let tellEnd = (): void => undefined;
  const { postgres: driver } = options;
  // postgres.js tells by an option alone that a connection has ended.
  const watched: PostgresOptions = driver
    ? {
        ...options,
        postgres: (given) =>
          driver({
            ...given,
            onclose: () => {
              given.onclose();
              tellEnd();
            },
          }),
      }
    : options;
  return {
    dialect: {
      ...postgresDialect,
      kill: async ({ raw }) => {
        const isSeen = new Promise<void>((resolve) => {
          if (driver) tellEnd = resolve;
          else (raw as { once(event: "end", listener: () => void): void }).once("end", resolve);
        });
        await running.kill();
        await isSeen;
      },
      ...dialect,
    },
    make: async () => {
      running = await start(server);
      return {
        factory: postgres(watched),
        url: running.plainUrl,
        leaks: () => running.leaks(),
        dispose: () => running.stop(),
      };
    },
  };
}
