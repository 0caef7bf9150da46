// A Worker with D1: workerd has the binding, and Miniflare the database behind it, SQLite in a Durable Object as Cloudflare's is.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { D1Binding } from "../../src/adapters/d1/index.ts";
import { tellPrinted } from "../setup/secrets.ts";
import type { Workerd } from "./workerd.ts";

export interface MiniflareOptions {
  /** A bundled ES module: the worker. */
  readonly script: string;
  /** D1 databases by the name of their binding; each is empty. */
  readonly databases: readonly string[];
  /** Classes of Durable Objects in the script, with SQL, by the names of their namespaces in `env`. */
  readonly durableObjects?: Readonly<Record<string, string>>;
  readonly compatibilityFlags?: readonly string[];
  /** Variables of the worker's `env`. */
  readonly bindings?: Readonly<Record<string, string>>;
}

export interface RunningMiniflare extends Omit<Workerd, "signal" | "pid"> {
  /** The binding of a database, for this process: each call of it is a request. */
  readonly d1: (name: string) => Promise<D1Binding>;
}

const require = createRequire(import.meta.url);

/** Starts a worker; resolves when it listens. Call `stop()` once, on every path. */
export async function startMiniflare(options: MiniflareOptions): Promise<RunningMiniflare> {
  const { script, databases, durableObjects = {}, compatibilityFlags = [], bindings = {} } = options;
  // In memory where the system has such a folder: a disk costs milliseconds for each commit.
  const files = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "isopool-miniflare-"));
  const { Miniflare, Log, LogLevel } = await import("miniflare");
  let printed = "";
  const keep = (text: string): void => {
    printed += text;
    // No secret may be in it: test/setup/leaked-secrets.ts looks.
    tellPrinted(text);
  };
  class Kept extends Log {
    protected override log(message: string): void {
      keep(`${message}\n`);
    }
  }
  const miniflare = new Miniflare({
    modules: true,
    script,
    compatibilityDate: "2026-04-24",
    compatibilityFlags: [...compatibilityFlags],
    bindings: { ...bindings },
    durableObjects: Object.fromEntries(
      Object.entries(durableObjects).map(([name, className]) => [name, { className, useSQLite: true }]),
    ),
    durableObjectsPersist: files,
    d1Persist: files,
    d1Databases: Object.fromEntries(databases.map((name) => [name, name])),
    log: new Kept(LogLevel.WARN),
    handleRuntimeStdio: (stdout: Readable, stderr: Readable) => {
      for (const stream of [stdout, stderr]) stream.setEncoding("utf8").on("data", keep);
    },
  });
  const { origin: url } = await miniflare.ready;
  const d1 = (name: string): Promise<D1Binding> => miniflare.getD1Database(name) as Promise<never>;
  return {
    url,
    d1,
    log: () => printed,
    stop: async () => {
      await miniflare.dispose();
      rmSync(files, { recursive: true, force: true });
    },
  };
}

/** Miniflare's own workerd is older; its database runs on any. */
process.env["MINIFLARE_WORKERD_PATH"] ??= (require("workerd") as { default: string }).default;
