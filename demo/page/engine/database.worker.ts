// The worker that has the page's database: SQL never runs on the page's own thread.

import { memory } from "../../../src/adapters/sql-js/index.ts";
import { browserStorage } from "../../../src/adapters/sql-js/storage/index.ts";
import { serveSqlJs, type WorkerScope } from "../../../src/adapters/sql-js/worker/host-entry.ts";
import { loadEngine } from "./load.ts";
import { type FromPage, IN_MEMORY } from "./messages.ts";

const isInMemory = self.name === IN_MEMORY;
const images: Record<string, Uint8Array> = {};
const kept = browserStorage({ onMemory: () => undefined });

/** The page asks two things of its own, which are not for isopool's host. */
const scope: WorkerScope = {
  postMessage: (message) => postMessage(message),
  addEventListener: (type, listener) =>
    self.addEventListener(type, (event: MessageEvent<FromPage>) => {
      const { data, ports } = event;
      if ("image" in data) images[data.name] = data.image;
      else if ("kindOf" in data) ports[0]?.postMessage(isInMemory ? "memory" : kept.kindOf(data.kindOf), []);
      else listener(event);
    }),
};

serveSqlJs(
  {
    sqlJs: loadEngine,
    // A storage that keeps no commit: such a worker is never ended behind one's back, because all would be gone.
    storage: isInMemory ? memory(images) : kept,
    // The page says it itself, in the view of the file.
    warn: () => undefined,
  },
  scope,
);
