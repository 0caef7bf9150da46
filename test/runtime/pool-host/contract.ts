// The contracts of adapters and databases, through a pool host: the Worker that runs them.

import { env } from "cloudflare:workers";
import { hosted } from "../../../src/adapters/hosted/index.ts";
import type { Target } from "../../../src/integrations/adapter-contract/index.ts";
import { workers } from "../../../src/integrations/workers/index.ts";
import { postgresDialect } from "../../../src/integrations/adapter-contract/index.ts";
import type { NeonServerOptions, RunningServer } from "../../servers/neon/server.ts";
import { createAnswerer } from "../contract/answerer.ts";
import type { Question, Suites } from "../contract/suites.ts";

/** The object, as this Worker calls it besides. */
interface Host {
  use(address: Pick<RunningServer, "url" | "fetchEndpoint" | "wsProxy">): Promise<void>;
  end(): Promise<void>;
}

interface Namespace {
  idFromName(name: string): unknown;
  get(id: unknown): Host;
}

const { POOL, DOOR } = (env ?? {}) as unknown as { POOL: Namespace; DOOR: string };

let hosts = 0;

function hostedTarget(
  start: (options: NeonServerOptions) => Promise<RunningServer>,
  server: NeonServerOptions,
  kill: boolean,
): Target {
  let running: RunningServer;
  return {
    cannotSetUp: true,
    dialect: { ...postgresDialect, kill: kill ? async () => void (await running.kill()) : undefined },
    make: async () => {
      running = await start(server);
      const name = `contract-${++hosts}`;
      const host = POOL.get(POOL.idFromName(name));
      const { url, fetchEndpoint, wsProxy } = running;
      await host.use({ url, fetchEndpoint, wsProxy });
      return {
        factory: hosted({ namespace: () => POOL }),
        url: `hosted://${name}`,
        // What is left is what does not go when the host ends: a connection that is lent, a transaction.
        leaks: async () => {
          await host.end();
          return running.leaks();
        },
        dispose: () => running.stop(),
      };
    },
  };
}

export const suites: Suites = ({ start }) => {
  const startServer = start<NeonServerOptions, RunningServer>("neon");
  return {
    // One that died while it was idle is replaced by the host.
    "hosted, PostgreSQL 15": hostedTarget(startServer, { version: 15 }, false),
    "hosted, PostgreSQL 18": hostedTarget(startServer, { version: 18 }, false),
    "hosted, on connections that die": hostedTarget(startServer, { version: 18 }, true),
  };
};

const worker = {
  async fetch(request: Request): Promise<Response> {
    const database = { runtime: workers({ warn: false }) };
    const answer = createAnswerer(suites, { door: DOOR, wasm: {}, database });
    return Response.json(await answer((await request.json()) as Question));
  },
};

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default worker;
