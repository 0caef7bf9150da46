import { postgres, type SharedOptions } from "../../../src/adapters/pg/index.ts";
import { openShopBy, type Shop, type ShopOptions } from "../neon/shop.ts";
import { type DriverName, drivers } from "./drivers.ts";

export interface PgShopOptions extends Omit<ShopOptions, "neon"> {
  /** Default `pg`. */
  readonly driver?: DriverName;
  readonly postgres?: SharedOptions;
}

/** A shop at a server of its own, over TCP; when the test has ended, nothing may be left open or lent. */
export function openPgShop({ driver = "pg", postgres: own, ...options }: PgShopOptions = {}): Promise<Shop> {
  return openShopBy((server) => [server.plainUrl, postgres({ ...drivers[driver], ...own })], options);
}
