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
    this.options = checkOptions(options);
    const { url, adapter, ...all } = options;
    const { dialect, schemes, identity } = adapter;
    const own = { dialect, schemes, identity: [...identity, object], create: adapter.create.bind(adapter) };
    const rest = Object.entries(all).filter(([name, value]) => value !== undefined && !/^(lease|grace)Ms$/.test(name));
    this.db = createDatabase(url, { ...Object.fromEntries(rest), adapters: [own] });
  }

  stats(): PoolHostStats {
    const { max, open, busy, idle, opening, waiting, opened, waits, waitedMs, flights } = this.db.stats();
    const { expired, abandoned } = this;
    const pool = { max, open, busy, idle, opening, waiting, opened, waits, waitedMs, flights };
    return { ...pool, seats: this.seats.size, expired, abandoned };
  }
}
