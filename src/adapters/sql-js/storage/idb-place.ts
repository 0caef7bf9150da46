import type { Place } from "./commit-storage.ts";
import { storageFailed } from "./failure.ts";
import { IdbStore, STORES } from "./idb-store.ts";
import { database } from "./platform.ts";
import { holdLock } from "./web-lock.ts";

/** Databases of IndexedDB, one for each of ours: on every thread of a browser. */
export const idbPlace: Place = {
  kind: "indexeddb",
  open: async (folder, name, options) => {
    const unlock = await holdLock(pathOf(folder, name), name, options);
    try {
      const connect = (): Promise<IDBDatabase> => openDatabase(folder, name);
      return new IdbStore(name, await connect(), unlock, undefined, connect);
    } catch (error) {
      unlock();
      throw error;
    }
  },
  remove: async (folder, name) => {
    const unlock = await holdLock(pathOf(folder, name), name);
    try {
      await settled(factory(name).deleteDatabase(pathOf(folder, name)));
    } finally {
      unlock();
    }
  },
  has: async (folder, name) => {
    const all = (await database()?.databases?.()) ?? [];
    return all.some((each) => each.name === pathOf(folder, name));
  },
};

function pathOf(folder: string, name: string): string {
  return `isopool:${folder && `${folder}/`}${name}`;
}

function factory(name: string): IDBFactory {
  const found = database();
  if (!found) throw storageFailed(name, "absent", new Error("there is no IndexedDB"));
  return found;
}

/** Opens what a database is kept in, and makes it where it is not there. */
export function openDatabase(folder: string, name: string): Promise<IDBDatabase> {
  const request = factory(name).open(pathOf(folder, name), 1);
  request.addEventListener("upgradeneeded", () => {
    for (const store of STORES) request.result.createObjectStore(store, { autoIncrement: store === "log" });
  });
  return settled(request);
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error as Error));
  });
}
