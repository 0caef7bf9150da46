import type { MaybePromise } from "../../../contract/adapter.ts";
import type { BlockStore } from "./block.ts";
import type { Place } from "./commit-storage.ts";
import { storageFailed } from "./failure.ts";
import { idbPlace } from "./idb-place.ts";
import { opfsPlace } from "./opfs-place.ts";
import { database, hasSyncHandles } from "./platform.ts";

export type BrowserStorageKind = "opfs" | "indexeddb" | "memory";

export interface FoundKind {
  readonly kind: BrowserStorageKind;
  /** Why it is memory. */
  readonly cause?: unknown;
}

/** The best place that this thread has. A database that is in another one already stays there. */
export function browserPlace(kinds: Map<string, FoundKind>, onMemory: (name: string, cause: unknown) => void): Place {
  return {
    kind: "browser",
    kindOf: (name) => kinds.get(name),
    open: async (folder, name, options) => {
      let cause: unknown;
      try {
        const place = await choose(folder, name);
        if (place) {
          const store = await place.open(folder, name, options);
          kinds.set(name, { kind: place.kind as BrowserStorageKind });
          return store;
        }
        cause = new Error("there is neither OPFS nor IndexedDB");
      } catch (error) {
        // One that is there and cannot be opened is no reason to begin an empty one.
        if (!isForbidden(error)) throw error;
        cause = error;
      }
      kinds.set(name, { kind: "memory", cause });
      onMemory(name, cause);
      return NOWHERE;
    },
    remove: async (folder, name) => {
      await unlessForbidden(opfsPlace.remove(folder, name));
      if (database()) await idbPlace.remove(folder, name);
    },
  };
}

async function choose(folder: string, name: string): Promise<Place | undefined> {
  // A browser may refuse one of them and give the other: Firefox has no OPFS in private windows.
  const isInFiles = await unlessForbidden(opfsPlace.has!(folder, name));
  if (isInFiles) {
    if (hasSyncHandles()) return opfsPlace;
    throw storageFailed(
      name,
      "absent",
      new Error("it is in OPFS, which a dedicated Worker alone can open: open it there"),
    );
  }
  if (isInFiles === false && hasSyncHandles() && !(await idbPlace.has!(folder, name))) return opfsPlace;
  return database() && idbPlace;
}

/** @returns `undefined` where it is forbidden. */
async function unlessForbidden<T>(work: MaybePromise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (!isForbidden(error)) throw error;
    return undefined;
  }
}

/** A page whose storage is switched off: in private windows, in frames of another site. */
function isForbidden(error: unknown): boolean {
  return (error as { name?: unknown }).name === "SecurityError";
}

const NOWHERE: BlockStore = {
  load: () => undefined,
  salvage: () => new Uint8Array(),
  write: () => undefined,
  flush: () => undefined,
  close: () => undefined,
};
