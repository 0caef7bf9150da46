// The Worker on this machine: a database with the shop in it, and a workerd that runs the bundle beside it.

import { join } from "node:path";
import { bundleWorker } from "../../../test/runtime/bundle.ts";
import { startWorkerd, type Workerd } from "../../../test/runtime/workerd.ts";
import { readConfig } from "./config.ts";
import type { LocalDatabase } from "./databases.ts";

export interface LocalWorkerOptions {
  /** Added to each request to the database, in milliseconds. Default 20: as if it were in the next country, so that waiting can be seen. */
  readonly latencyMs?: number;
  /** The Worker's variables, besides its database. */
  readonly bindings?: Readonly<Record<string, string>>;
}

/**
 * Starts both on free ports; what was started is stopped when the rest fails. The Worker is the same on every database: it is
 * told a URL.
 *
 * @param start - one of databases.ts.
 */
export async function startLocalWorker<Server>(
  root: string,
  start: (latencyMs: number) => Promise<LocalDatabase<Server>>,
  { latencyMs = 20, bindings = {} }: LocalWorkerOptions = {},
): Promise<LocalWorker<Server>> {
  const database = await start(latencyMs);
  const run = (): Promise<Workerd> =>
    runWorker(root, { DATABASE_URL: database.url, ...database.bindings, ...bindings });
  try {
    return new LocalWorker(database, run, await run());
  } catch (error) {
    await database.stop();
    throw error;
  }
}

/** A Worker that runs, and its database. */
export class LocalWorker<Server = unknown> {
  readonly #database: LocalDatabase<Server>;
  readonly #run: () => Promise<Workerd>;
  #workerd: Workerd;
  /** Reloads take turns: each replaces what the one before has started. */
  #turn: Promise<unknown> = Promise.resolve();
  #stopping: Promise<unknown> | undefined;

  constructor(database: LocalDatabase<Server>, run: () => Promise<Workerd>, workerd: Workerd) {
    this.#database = database;
    this.#run = run;
    this.#workerd = workerd;
  }

  get server(): Server {
    return this.#database.server;
  }

  /** `http://127.0.0.1:…`; another one behind a reload. */
  get url(): string {
    return this.#workerd.url;
  }

  /** Bundles and starts the Worker again, on the same database. A bundle that cannot be made leaves the old one at work. */
  reload(): Promise<void> {
    const replaced = this.#turn.then(() => this.#replace());
    this.#turn = replaced.catch(() => undefined);
    return replaced;
  }

  /** May be called more than once. */
  async stop(): Promise<void> {
    await (this.#stopping ??= Promise.all([this.#workerd.stop(), this.#database.stop(), this.#turn]));
  }

  async #replace(): Promise<void> {
    if (this.#stopping) return;
    const next = await this.#run();
    const previous = this.#workerd;
    if (!this.#stopping) this.#workerd = next;
    await (this.#stopping ? next : previous).stop();
  }
}

async function runWorker(root: string, bindings: Readonly<Record<string, string>>): Promise<Workerd> {
  const { main, ...compatibility } = readConfig(join(root, "wrangler.toml"));
  const { code } = await bundleWorker(join(root, main));
  // As wrangler.toml has it.
  const durableObjects = ["ShopPool", "ShopObject"];
  const objectsOf = {
    POOL: { worker: "main", className: "ShopPool" },
    SHOP: { worker: "main", className: "ShopObject" },
  };
  return startWorkerd({ ...compatibility, script: code, bindings, durableObjects, objectsOf });
}
