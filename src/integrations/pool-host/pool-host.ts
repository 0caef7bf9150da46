import { DurableObject } from "cloudflare:workers";
import type { PoolHostStats } from "../../adapters/hosted/index.ts";
import type { Database } from "../../index.ts";
import type { PoolHostOptions } from "./options.ts";
import { Room } from "./room.ts";
import { Seat } from "./seat.ts";

/**
 * A Durable Object that has the connections to PostgreSQL, and lends them to the sessions of all requests and isolates, first
 * come, first served. Export a class that extends it, and bind it; a Worker's database reaches it with `hosted()`.
 *
 * What `seat()` returns is left, by the platform itself, when the request that asked for it ends, is cut off, or its process
 * dies: its transaction is rolled back then, and its connection is lent to the next.
 *
 * @example
 * export class ShopPool extends PoolHost<Env> {
 *   options(env: Env) {
 *     return { url: env.DATABASE_URL, adapter: postgres({ Client }), pool: { max: 20 } };
 *   }
 * }
 */
export abstract class PoolHost<Env = unknown> extends DurableObject<Env> {
  #room: Room | undefined;

  /** What the host is made with; called once for each object, with its first use. */
  abstract options(env: Env): PoolHostOptions;

  /**
   * The database of this object, for work that runs inside it: `this.db.session(…)` takes one round trip from the Worker, and a
   * connection of the same pool.
   */
  get db(): Database {
    return this.#enter().db;
  }

  /** @internal Called by `hosted()`, once for each session. It does not fail: what is wrong with the options is told by its flights. */
  seat(): Seat {
    return new Seat(() => this.#enter());
  }

  /** The counts of this object: `await env.POOL.getByName("shop").stats()`. */
  stats(): PoolHostStats {
    return this.#enter().stats();
  }

  #enter(): Room {
    return (this.#room ??= new Room(this.options(this.env), this));
  }
}
