import { systemClock } from "../../../clock.ts";
import type { Place } from "./commit-storage.ts";
import { storageFailed } from "./failure.ts";
import { LogStore } from "./log-store.ts";
import { type Folder, hasSyncHandles, rootFolder, type SyncHandle } from "./platform.ts";
import type { StoredFile } from "./stored-file.ts";
import { holdLock } from "./web-lock.ts";

/** The base and its logs; the base is the file that says whether a database is there. */
const FILES = [".sqlite", ".sqlite-log1", ".sqlite-log2"] as const;

/** A page that is reloaded meets the files that its former self has not let go of yet: they are asked for again, this long. */
const PATIENCE_MS = 3_000;
const PAUSE_MS = 50;

/** Files of OPFS, which a dedicated Worker can open. */
export const opfsPlace: Place = {
  kind: "opfs",
  open: async (folder, name, options) => {
    if (!hasSyncHandles())
      throw storageFailed(name, "absent", new Error("OPFS can be written in a dedicated Worker alone"));
    const directory = await folderAt(folder, true);
    if (!directory) throw storageFailed(name, "absent", new Error("this page has no OPFS: is it loaded over HTTPS?"));
    // The handles exclude others as well: by this lock they can be asked for.
    const unlock = await holdLock(`isopool-opfs:${folder && `${folder}/`}${name}`, name, options);
    const files: HandleFile[] = [];
    try {
      for (const end of FILES) files.push(new HandleFile(await openFile(directory, name + end)));
      const [base, ...logs] = files as [HandleFile, HandleFile, HandleFile];
      return new LogStore(name, { base, logs }, { onClose: unlock });
    } catch (error) {
      for (const file of files) file.close();
      unlock();
      throw error;
    }
  },
  remove: async (folder, name) => {
    const directory = await folderAt(folder, false);
    // The base last: should this end halfway, it can be done again.
    for (const end of [FILES[2], FILES[1], FILES[0]]) await directory?.removeEntry(name + end).catch(unlessNotFound);
  },
  has: async (folder, name) => {
    const directory = await folderAt(folder, false);
    return Boolean(await directory?.getFileHandle(name + FILES[0], { create: false }).catch(unlessNotFound));
  },
};

async function folderAt(path: string, create: boolean): Promise<Folder | undefined> {
  let folder = await rootFolder();
  for (const part of path.split("/"))
    if (part !== "" && part !== ".")
      folder = (await folder?.getDirectoryHandle(part, { create }).catch(unlessNotFound)) ?? undefined;
  return folder;
}

async function openFile(folder: Folder, name: string): Promise<SyncHandle> {
  const handle = await folder.getFileHandle(name, { create: true });
  for (let waitedMs = 0; ; waitedMs += PAUSE_MS) {
    try {
      return await handle.createSyncAccessHandle!();
    } catch (error) {
      const isHeld = (error as { name?: unknown }).name === "NoModificationAllowedError";
      if (!isHeld || waitedMs >= PATIENCE_MS) throw error;
      await new Promise((resolve) => systemClock.setTimeout(() => resolve(undefined), PAUSE_MS));
    }
  }
}

function unlessNotFound(error: unknown): undefined {
  if ((error as { name?: unknown }).name !== "NotFoundError") throw error;
}

class HandleFile implements StoredFile {
  readonly #handle: SyncHandle;

  constructor(handle: SyncHandle) {
    this.#handle = handle;
  }

  sizeBytes(): number {
    return this.#handle.getSize();
  }

  read(into: Uint8Array, at: number): number {
    return this.#handle.read(into, { at });
  }

  write(bytes: Uint8Array, at: number): number {
    return this.#handle.write(bytes, { at });
  }

  truncate(sizeBytes: number): void {
    this.#handle.truncate(sizeBytes);
  }

  flush(): void {
    this.#handle.flush();
  }

  close(): void {
    this.#handle.close();
  }
}
