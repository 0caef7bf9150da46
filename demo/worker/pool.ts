// The Durable Object that has the connections to PostgreSQL, when DATABASE_URL is `hosted://…`: those of all requests and isolates.

import { Client, neon as query } from "@neondatabase/serverless";
import { neon } from "../../src/adapters/neon/index.ts";
import { PoolHost, type PoolHostOptions } from "../../src/integrations/pool-host/index.ts";
import { neonSettings } from "./neon-settings.ts";

interface Env {
  /** Where it connects to: `postgresql://…`. */
  readonly POOL_URL: string;
}

export class ShopPool extends PoolHost<Env> {
  options({ POOL_URL: url }: Env): PoolHostOptions {
    const adapter = neon({ neon: query, Client, neonConfig: neonSettings(url), transport: "ws" });
    return { url, adapter, pool: { max: 5 } };
  }
}
