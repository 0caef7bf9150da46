// What the Workers with the objects have in common: the pool host that the tests use, and a door to it from another process.

import { WorkerEntrypoint } from "cloudflare:workers";
import type { AdapterFactory } from "../../../src/index.ts";
import { PoolHost, type PoolHostOptions } from "../../../src/integrations/pool-host/index.ts";

export interface Env {
  readonly DATABASE_URL: string;
  /** The same over TCP. */
  readonly PLAIN_URL: string;
  readonly FETCH_ENDPOINT: string;
  readonly WS_PROXY: string;
  /** Further options of the host, as JSON. */
  readonly OPTIONS: string;
  readonly POOL: {
    idFromName(name: string): unknown;
    get(id: unknown): { seat(): unknown; stats(): unknown };
  };
}

export abstract class TestPool extends PoolHost<Env> {
  #hooked = 0;

  abstract reach(env: Env): { readonly url: string; readonly adapter: AdapterFactory };

  options(env: Env): PoolHostOptions {
    const { hooks, ...more } = JSON.parse(env.OPTIONS || "{}") as Partial<PoolHostOptions> & { hooks?: boolean };
    return {
      ...this.reach(env),
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
