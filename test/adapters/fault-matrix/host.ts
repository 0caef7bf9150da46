// The pool host of hosted.test.ts. Its connections end with it: an object that is reset begins anew.

import { Client, neon as query } from "@neondatabase/serverless";
import { PoolHost, type PoolHostOptions } from "../../../src/integrations/pool-host/index.ts";
import { neon } from "../../../src/adapters/neon/index.ts";
import { optionsFor } from "../neon/target.ts";

interface Env {
  readonly URL: string;
  readonly FETCH_ENDPOINT: string;
  readonly WS_PROXY: string;
}

export class GoodsPool extends PoolHost<Env> {
  options({ URL: url, FETCH_ENDPOINT: fetchEndpoint, WS_PROXY: wsProxy }: Env): PoolHostOptions {
    return {
      url,
      adapter: neon(optionsFor({ neon: query, Client }, { fetchEndpoint, wsProxy }, { transport: "ws" })),
      pool: { max: 2 },
      setup: ["SELECT 'setup'"],
      afterConnection: async (connection) => void (await connection.query("SELECT 'hook'")),
      graceMs: 50,
    };
  }

  reset(): void {
    (this.ctx as { abort(reason: string): void }).abort("reset by the test");
  }
}

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default { fetch: () => new Response("a pool host") };
