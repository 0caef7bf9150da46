import { neon, type NeonOptions } from "../../../src/adapters/neon/index.ts";
import type { ContractDialect, Target } from "../../../src/integrations/adapter-contract/index.ts";
import type { NeonServerOptions, RunningServer } from "../../servers/neon/server.ts";
import { postgresDialect } from "../../../src/integrations/adapter-contract/index.ts";

/** What each runtime brings: the driver as it is imported there, and a WebSocket where the platform has none. */
export type Driver = Pick<NeonOptions, "neon" | "Client"> & { readonly WebSocket?: new (url: string) => unknown };

/** The options that lead to a server. */
export function optionsFor(
  { neon: query, Client, WebSocket }: Driver,
  { fetchEndpoint, wsProxy }: Pick<RunningServer, "fetchEndpoint" | "wsProxy">,
  options: Partial<NeonOptions> = {},
): NeonOptions {
  const { neonConfig, ...rest } = options;
  return {
    neon: query,
    Client,
    neonConfig: {
      fetchEndpoint: () => fetchEndpoint,
      wsProxy: () => wsProxy,
      useSecureWebSocket: false,
      ...(WebSocket && { webSocketConstructor: WebSocket }),
      ...neonConfig,
    },
    ...rest,
  };
}

/**
 * A server for each case, and an adapter on it; nothing may be left there. Names no runtime: the contract runs in all of
 * them, and `start` is how each comes to a server.
 */
export function neonTarget(
  start: (options: NeonServerOptions) => Promise<RunningServer>,
  driver: Driver,
  server: NeonServerOptions,
  options: Partial<NeonOptions> = {},
  dialect: Partial<ContractDialect> = {},
): Target {
  let running: RunningServer;
  return {
    ...(options.transport === "http" && { cannotStream: true, cannotBegin: true }),
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
      const { url } = running;
      return {
        factory: neon(optionsFor(driver, running, options)),
        url,
        leaks: () => running.leaks(),
        dispose: () => running.stop(),
      };
    },
  };
}
