// The Worker on this machine: a libSQL server with the shop in it, and a workerd that runs the bundle beside it.

import { join } from "node:path";
import { libsql } from "../../../src/adapters/libsql/index.ts";
import { createDatabase } from "../../../src/index.ts";
import { bundleWorker } from "../../../test/runtime/bundle.ts";
import { startWorkerd, type Workerd } from "../../../test/runtime/workerd.ts";
import { type RunningServer, startLibsqlServer } from "../../../test/servers/libsql/libsql-server.ts";
import { readConfig } from "./config.ts";
import { seed } from "./seed.ts";

/** As if the database were in the next country: what waits can be seen. */
const LATENCY_MS = 20;

export interface LocalWorkerOptions {
  /** Added to each request to the database, in milliseconds. Default 20. */
  readonly latencyMs?: number;
  /** The Worker's variables, besides its database. */
  readonly bindings?: Readonly<Record<string, string>>;
}

export interface LocalWorker {
  /** `http://127.0.0.1:…`; another one behind a reload. */
  readonly url: string;
  readonly database: RunningServer;
  /** Bundles and starts the Worker again, on the same database. A bundle that cannot be made leaves the old one at work. */
  reload(): Promise<void>;
  /** May be called more than once. */
  stop(): Promise<void>;
}

/** Starts both on free ports; what was started is stopped when the rest fails. */
export async function startLocalWorker(
  root: string,
  { latencyMs = LATENCY_MS, bindings = {} }: LocalWorkerOptions = {},
): Promise<LocalWorker> {
  const database = await startLibsqlServer({ latencyMs });
  const run = (): Promise<Workerd> => runWorker(root, { DATABASE_URL: database.url, ...bindings });
  try {
    await fill(database);
    let workerd = await run();
    let stopping: Promise<void> | undefined;
    const stop = async (): Promise<void> => void (await Promise.all([workerd.stop(), database.stop()]));
    return {
      database,
      get url() {
        return workerd.url;
      },
      async reload() {
        const previous = workerd;
        workerd = await run();
        await previous.stop();
      },
      stop: () => (stopping ??= stop()),
    };
  } catch (error) {
    await database.stop();
    throw error;
  }
}

async function fill({ url }: RunningServer): Promise<void> {
  const db = createDatabase(url, { adapters: [libsql()] });
  try {
    await seed(db);
  } finally {
    await db.dispose();
  }
}

async function runWorker(root: string, bindings: Readonly<Record<string, string>>): Promise<Workerd> {
  const { main, ...compatibility } = readConfig(join(root, "wrangler.toml"));
  const { code } = await bundleWorker(join(root, main));
  return startWorkerd({ ...compatibility, script: code, bindings });
}
