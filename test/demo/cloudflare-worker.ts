// The demo's Worker, and a way to put the shop into its D1 database, or its object: from inside, where they are.

import { env } from "cloudflare:workers";
import { seed } from "../../demo/worker/local/seed.ts";
import shop, { ShopObject as Shop } from "../../demo/worker/index.ts";
import { d1 } from "../../src/adapters/d1/index.ts";
import { durableObject, type ObjectStorage } from "../../src/adapters/durable-object/index.ts";
import { type AdapterFactory, createDatabase } from "../../src/index.ts";

export { ShopPool } from "../../demo/worker/pool.ts";

const isSeed = (request: Request): boolean => new URL(request.url).pathname === "/seed";

async function fill(url: string, adapter: AdapterFactory): Promise<Response> {
  const db = createDatabase(url, { adapters: [adapter] });
  await seed(db, "sqlite");
  await db.dispose();
  return new Response();
}

export class ShopObject extends Shop {
  override fetch(request: Request): Promise<Response> {
    if (new URL(request.url).pathname === "/abort") this.abort();
    const { storage } = this.ctx as { storage: ObjectStorage };
    return isSeed(request)
      ? fill(
          "do:",
          durableObject(() => storage),
        )
      : super.fetch(request);
  }

  /** As after an exception that nobody caught, or a deploy. */
  abort(): void {
    (this.ctx as { abort(reason: string): void }).abort("a deploy");
  }
}

// oxlint-disable-next-line import/no-default-export -- the platform looks for it there.
export default {
  async fetch(...args: Parameters<typeof shop.fetch>): Promise<Response> {
    const isOnD1 = env.DATABASE_URL.startsWith("d1:");
    return isOnD1 && isSeed(args[0])
      ? fill(
          "d1:DB",
          d1(() => env.DB),
        )
      : shop.fetch(...args);
  },
};
