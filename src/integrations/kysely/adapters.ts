import { PostgresAdapter, SqliteAdapter } from "kysely";

/** Tells the adapters of this dialect, of every copy of the package. */
const BRAND: unique symbol = Symbol.for("isopool.kysely");

export function isOurs(adapter: object): boolean {
  return BRAND in adapter;
}

export class SessionPostgresAdapter extends PostgresAdapter {
  /** @internal */
  get [BRAND](): boolean {
    return true;
  }
}

/** Migrations that wait for each other, by what they migrate. */
const migrations = new WeakMap<object, Promise<void>>();

/** Kysely's own lets one caller in at a time: here the pool decides how many there may be. */
export class PooledSqliteAdapter extends SqliteAdapter {
  /** @internal */
  get [BRAND](): boolean {
    return true;
  }

  readonly #target: object;
  #done: (() => void) | undefined;

  constructor(target: object) {
    super();
    this.#target = target;
  }

  get supportsMultipleConnections(): boolean {
    return true;
  }

  // Kysely's own needs none, since nobody else gets in.
  override async acquireMigrationLock(): Promise<void> {
    const before = migrations.get(this.#target);
    let done!: () => void;
    migrations.set(this.#target, new Promise((resolve) => (done = resolve)));
    await before;
    this.#done = done;
  }

  override async releaseMigrationLock(): Promise<void> {
    this.#done?.();
  }
}
