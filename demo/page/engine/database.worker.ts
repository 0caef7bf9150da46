// The worker that has the page's database: SQL never runs on the page's own thread.

import { memory } from "../../../src/adapters/sql-js/index.ts";
import { browserStorage } from "../../../src/adapters/sql-js/storage/index.ts";
import { serveSqlJs } from "../../../src/adapters/sql-js/worker/host-entry.ts";
import { loadEngine } from "./load.ts";
import { type Beginning, IN_MEMORY } from "./messages.ts";

const images: Record<string, Uint8Array> = {};

self.addEventListener("message", (event: MessageEvent<Beginning | { readonly id: number }>) => {
  const { data } = event;
  if (!("image" in data)) return;
  images[data.name] = data.image;
  // Not for isopool's host, which listens as well.
  event.stopImmediatePropagation();
});

serveSqlJs({
  sqlJs: loadEngine,
  // The page says it itself, in the view of the file.
  storage: self.name === IN_MEMORY ? memory(images) : browserStorage({ onMemory: () => undefined }),
  warn: () => undefined,
  // Another tab may import for minutes, and what waits for it says so.
  busyTimeoutMs: Infinity,
});
