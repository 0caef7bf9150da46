// The demo's Worker, and a way to put the shop into its D1 database: from inside, where the binding is.

import { env } from "cloudflare:workers";
import { seed } from "../../demo/worker/local/seed.ts";
import shop from "../../demo/worker/index.ts";
import { d1 } from "../../src/adapters/d1/index.ts";
import { createDatabase } from "../../src/index.ts";

export { ShopPool } from "../../demo/worker/pool.ts";

// oxlint-disable-next-line import/no-default-export -- the platform looks for it there.
export default {
  async fetch(...args: Parameters<typeof shop.fetch>): Promise<Response> {
    if (new URL(args[0].url).pathname !== "/seed") return shop.fetch(...args);
    const db = createDatabase("d1:DB", { adapters: [d1(() => env.DB)] });
    await seed(db, "sqlite");
    await db.dispose();
    return new Response();
  },
};
