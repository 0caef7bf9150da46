// A pool host over Neon's WebSocket, which works at any date.

import { Client, neon as query } from "@neondatabase/serverless";
import { neon } from "../../../src/adapters/neon/index.ts";
import type { AdapterFactory } from "../../../src/index.ts";
import { optionsFor } from "../../adapters/neon/target.ts";
import { type Env, TestPool } from "./host.ts";

export { Gate } from "./host.ts";

export class ShopPool extends TestPool {
  reach({ DATABASE_URL, FETCH_ENDPOINT, WS_PROXY }: Env): { readonly url: string; readonly adapter: AdapterFactory } {
    const proxy = { fetchEndpoint: FETCH_ENDPOINT, wsProxy: WS_PROXY };
    const adapter = neon(optionsFor({ neon: query, Client }, proxy, { transport: "ws" }));
    return { url: DATABASE_URL, adapter };
  }
}

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default { fetch: () => new Response("pool hosts") };
