// The Worker: an API over the sample shop, answered here, or in the Durable Object that has the database.

import { env } from "cloudflare:workers";
import type { ExecutionContext } from "../../src/integrations/workers/index.ts";
import { respond } from "./respond.ts";

export { ShopObject } from "./object.ts";
export { ShopPool } from "./pool.ts";

const worker = {
  async fetch(request: Request, _env: unknown, ctx: ExecutionContext): Promise<Response> {
    const [, object] = /^do:(.*)/.exec(env.DATABASE_URL) ?? [];
    // Its database is its own: it answers by itself.
    if (object !== undefined) return env.SHOP.get(env.SHOP.idFromName(object)).fetch(request);
    return respond(request, ctx);
  },
};

// oxlint-disable-next-line import/no-default-export -- the platform looks for it there.
export default worker;
