import type { AdapterFactory } from "../../../contract/adapter.ts";
import { Client, type WorkerHandle } from "./client.ts";
import { onHidden } from "../storage/platform.ts";
import { RemoteAdapter } from "./remote-adapter.ts";
import { checkNames } from "../../../option-names.ts";

export type { WorkerHandle } from "./client.ts";
export type { RemoteDatabase } from "./remote-connection.ts";

export interface SqlJsWorkerOptions {
  /** Starts the worker, whose file calls `serveSqlJs()`. Called at the first connection, and again after a worker was ended. */
  readonly worker: () => WorkerHandle;
  /**
   * How long a statement that was given up (its signal, its deadline) may go on, in milliseconds: then its worker is ended, and its
   * databases come back from their storage. Where one has none that keeps each commit, it goes on. `Infinity` = never. Default 1_000.
   */
  readonly stopMs?: number | undefined;
}

/**
 * sql.js in a dedicated worker: `sqlJs()` as a page has it that must not be blocked. A page's statements run there, whatever they
 * cost, and one that never ends can be stopped.
 *
 * - The worker's file is yours, three lines with `serveSqlJs()` of `isopool/sql-js/worker/host`: bundlers find it by `new URL()`, and a
 *   policy without `blob:` and `unsafe-eval` allows it.
 * - All databases of one factory share a worker. It ends with the last of them.
 * - `connection.raw` has `export()` and `terminate()`.
 *
 * @throws TypeError for a wrong option.
 * @example
 * const worker = () => new Worker(new URL("./database.worker.ts", import.meta.url), { type: "module" });
 * const db = createDatabase("sqljs:shop", { adapters: [sqlJsWorker({ worker })] });
 */
export function sqlJsWorker(options: SqlJsWorkerOptions): AdapterFactory {
  checkNames(options, ["worker", "stopMs"] satisfies (keyof SqlJsWorkerOptions)[], "sqlJsWorker()");
  const { worker, stopMs = 1_000 } = options;
  if (typeof worker !== "function")
    throw new TypeError(`Expected \`worker\` to be a function, got \`${typeof worker}\``);
  if (!(stopMs >= 0)) throw new TypeError(`Expected \`stopMs\` to be >= 0, got \`${stopMs}\``);
  let client: Client | undefined;
  const users = new Set<object>();
  const start = (user: object): Client => {
    users.add(user);
    if (client) return client;
    const handle = worker();
    if (typeof handle?.postMessage !== "function")
      throw new TypeError(`Expected \`worker()\` to return a Worker, got \`${typeof handle}\``);
    const started = new Client(handle, stopMs, () => {
      unlisten();
      client = undefined;
    });
    const unlisten = onHidden(() => started.hide());
    return (client = started);
  };
  const leave = (user: object): void => {
    if (users.delete(user) && users.size === 0) client?.end();
  };
  return {
    dialect: "sqlite",
    schemes: ["sqljs"],
    identity: [worker, stopMs],
    create: (source) => new RemoteAdapter({ start, leave }, source),
  };
}
