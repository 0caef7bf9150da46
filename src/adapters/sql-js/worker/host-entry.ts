import { type SqlJsOptions, sqlJs } from "../index.ts";
import { webLocks } from "../storage/platform.ts";
import { Host } from "./host.ts";
import type { Alive, Answer, Notice, Question } from "./messages.ts";

/** The scope of a dedicated worker, or a port. */
export interface WorkerScope {
  postMessage(message: unknown, transfer: never[]): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
}

/**
 * Serves the databases of this worker to its page: the whole of a worker's file.
 *
 * @param options - those of `sqlJs()`: the build of sql.js, and the storage.
 * @param scope - where the page's messages come. Default: this worker.
 * @throws TypeError when `sqlJs` is missing.
 * @example
 * // database.worker.ts
 * serveSqlJs({ sqlJs: () => initSqlJs({ locateFile: () => wasmUrl }), storage: opfs() });
 */
export function serveSqlJs(options: SqlJsOptions, scope: WorkerScope = globalThis as object as WorkerScope): void {
  const isKept = options.storage?.open !== undefined;
  const host = new Host(sqlJs(options), isKept, (answer: Answer | Notice) => scope.postMessage(answer, []));
  scope.addEventListener("message", ({ data }) => void host.receive(data as Question));
  const alive = `isopool-worker:${globalThis.crypto.randomUUID()}`;
  const hold = (): Promise<never> => {
    scope.postMessage({ alive } satisfies Alive, []);
    return new Promise(() => undefined);
  };
  // Refused where a page's storage is switched off.
  webLocks()
    ?.request(alive, {}, hold)
    .catch(() => undefined);
}
