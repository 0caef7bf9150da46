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

export interface LocalWorker {
  /** `http://127.0.0.1:…`; another one behind a reload. */
  readonly url: string;
  /** Bundles and starts the Worker again, on the same database. A bundle that cannot be made leaves the old one at work. */
  reload(): Promise<void>;
  /** May be called more than once. */
  stop(): Promise<void>;
}

/** Starts both on free ports; what was started is stopped when the rest fails. */
export async function startLocalWorker(root: string): Promise<LocalWorker> {
  const database = await startLibsqlServer({ latencyMs: LATENCY_MS });
  try {
    await fill(database);
    let workerd = await runWorker(root, database.url);
    let stopping: Promise<void> | undefined;
    const stop = async (): Promise<void> => void (await Promise.all([workerd.stop(), database.stop()]));
    return {
      get url() {
        return workerd.url;
      },
      async reload() {
        const previous = workerd;
        workerd = await runWorker(root, database.url);
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

async function runWorker(root: string, databaseUrl: string): Promise<Workerd> {
  const { main, ...compatibility } = readConfig(join(root, "wrangler.toml"));
  const { code } = await bundleWorker(join(root, main));
  return startWorkerd({ ...compatibility, script: code, bindings: { DATABASE_URL: databaseUrl } });
}
