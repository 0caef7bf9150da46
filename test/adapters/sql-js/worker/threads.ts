// A worker of the tests: the host on the other end of a channel, or in a thread of its own.

import { MessageChannel, Worker } from "node:worker_threads";
import type { SqlJsOptions } from "../../../../src/adapters/sql-js/index.ts";
import { serveSqlJs, type WorkerScope } from "../../../../src/adapters/sql-js/worker/host-entry.ts";
import type { WorkerHandle } from "../../../../src/adapters/sql-js/worker/index.ts";

/** A host on this thread; all that travels is cloned, as between threads. */
export function hostHere(options: SqlJsOptions): WorkerHandle {
  const { port1, port2 } = new MessageChannel();
  serveSqlJs(options, port2 as unknown as WorkerScope);
  return Object.assign(port1 as unknown as WorkerHandle, { terminate: () => port1.close() });
}

/** A host in a thread of its own, as a page has it. */
export function hostInThread(folder?: string): WorkerHandle & { readonly thread: Worker } {
  const thread = new Worker(new URL("database-thread.mjs", import.meta.url), { workerData: { folder } });
  return {
    thread,
    postMessage: (message) => thread.postMessage(message, []),
    addEventListener: (type: string, listener: (event: never) => void) =>
      void thread.on(type, (data) => listener((type === "message" ? { data } : data) as never)),
    terminate: () => void thread.terminate(),
  };
}
