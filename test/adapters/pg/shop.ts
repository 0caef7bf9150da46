import { Client } from "pg";
import { postgres, type PostgresOptions } from "../../../src/adapters/pg/index.ts";
import { openShopBy, type Shop, type ShopOptions } from "../neon/shop.ts";

export interface PgShopOptions extends Omit<ShopOptions, "neon"> {
  readonly pg?: Partial<PostgresOptions>;
}

/** A shop at a server of its own, over TCP; when the test has ended, nothing may be left open or lent. */
export function openPgShop({ pg, ...options }: PgShopOptions = {}): Promise<Shop> {
  return openShopBy((server) => [server.plainUrl, postgres({ Client, ...pg })], options);
}
