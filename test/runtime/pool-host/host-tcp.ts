// A pool host over TCP, with the user's pg.

import { Client } from "pg";
import { postgres } from "../../../src/adapters/pg/index.ts";
import type { AdapterFactory } from "../../../src/index.ts";
import { type Env, TestPool } from "./host.ts";

export { Gate } from "./host.ts";

export class ShopPool extends TestPool {
  reach({ PLAIN_URL }: Env): { readonly url: string; readonly adapter: AdapterFactory } {
    return { url: PLAIN_URL, adapter: postgres({ Client }) };
  }
}

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default { fetch: () => new Response("pool hosts") };
