// The Worker with the objects: the pool hosts that the tests use, and a door to them from another process.

import { WorkerEntrypoint } from "cloudflare:workers";
import { Client, neon as query } from "@neondatabase/serverless";
import { neon } from "../../../src/adapters/neon/index.ts";
import { PoolHost, type PoolHostOptions } from "../../../src/integrations/pool-host/index.ts";
import { optionsFor } from "../../adapters/neon/target.ts";

export interface Env {
  readonly DATABASE_URL: string;
  readonly FETCH_ENDPOINT: string;
  readonly WS_PROXY: string;
  /** Further options of the host, as JSON. */
  readonly OPTIONS: string;
  readonly POOL: {
    idFromName(name: string): unknown;
    get(id: unknown): { seat(): unknown; stats(): unknown };
  };
}

export class ShopPool extends PoolHost<Env> {
  #hooked = 0;

  options(env: Env): PoolHostOptions {
    const { hooks, ...more } = JSON.parse(env.OPTIONS || "{}") as Partial<PoolHostOptions> & { hooks?: boolean };
    const proxy = { fetchEndpoint: env.FETCH_ENDPOINT, wsProxy: env.WS_PROXY };
    return {
      url: env.DATABASE_URL,
      adapter: neon(optionsFor({ neon: query, Client }, proxy, { transport: "ws" })),
      ...(hooks && { afterConnection: () => void this.#hooked++ }),
      ...more,
    };
  }

  hooked(): number {
    return this.#hooked;
  }

  /** Work inside the object. */
  async count(): Promise<unknown> {
    return this.db.session(async (session) => {
      await session.query("UPDATE item SET count = count + 1 WHERE id = 1");
      return (await session.query("SELECT count FROM item WHERE id = 1")).rows[0];
    });
  }

  die(): void {
    (this.ctx as { abort(reason: string): void }).abort("reset by the test");
  }
}

/** The way to an object from another process. */
export class Gate extends WorkerEntrypoint<Env> {
  seat(name: string): unknown {
    const { POOL } = this.env;
    return POOL.get(POOL.idFromName(name)).seat();
  }
}

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default { fetch: () => new Response("pool hosts") };
