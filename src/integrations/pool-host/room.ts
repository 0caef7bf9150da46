import type { PoolHostStats } from "../../adapters/hosted/index.ts";
import { createDatabase, type Database } from "../../index.ts";
import { type CheckedOptions, checkOptions, type PoolHostOptions } from "./options.ts";

/** What the seats of one object share: the database with its pool, and the counts. */
export class Room {
  readonly options: CheckedOptions;
  readonly db: Database;
  readonly seats: Set<object> = new Set();
  expired = 0;
  abandoned = 0;
  /** For the owners of leases, in events. */
  numbers = 0;

  /** @param object - an isolate may have several objects, and no two of them may use the same connection. */
  constructor(options: PoolHostOptions, object: object) {
    const { url, adapter, leaseMs, graceMs, ...rest } = (this.options = checkOptions(options));
    const { dialect, schemes, identity } = adapter;
    const own = { dialect, schemes, identity: [...identity, object], create: adapter.create.bind(adapter) };
    this.db = createDatabase(url, { ...rest, adapters: [own] } as Parameters<typeof createDatabase>[1]);
  }

  stats(): PoolHostStats {
    const { max, open, busy, idle, opening, waiting, opened, waits, waitedMs, flights } = this.db.stats();
    const { expired, abandoned } = this;
    const pool = { max, open, busy, idle, opening, waiting, opened, waits, waitedMs, flights };
    return { ...pool, seats: this.seats.size, expired, abandoned };
  }
}
