// What these storages use of a browser. Looked up when a database is opened, and absent elsewhere.

/** An open file of OPFS: `FileSystemSyncAccessHandle`. */
export interface SyncHandle {
  getSize(): number;
  read(into: Uint8Array, options: { at: number }): number;
  write(bytes: Uint8Array, options: { at: number }): number;
  truncate(sizeBytes: number): void;
  flush(): void;
  close(): void;
}

export interface Folder {
  getDirectoryHandle(name: string, options: { create: boolean }): Promise<Folder>;
  getFileHandle(
    name: string,
    options: { create: boolean },
  ): Promise<{ createSyncAccessHandle?(): Promise<SyncHandle> }>;
  removeEntry(name: string): Promise<void>;
}

export interface Locks {
  request<T>(
    name: string,
    options: { signal?: AbortSignal; ifAvailable?: boolean; steal?: boolean },
    work: (lock: unknown) => Promise<T>,
  ): Promise<T>;
}

interface Platform {
  readonly navigator?: {
    readonly storage?: { getDirectory?(): Promise<Folder> };
    readonly locks?: Locks;
  };
  readonly indexedDB?: IDBFactory;
  readonly FileSystemFileHandle?: { readonly prototype: object };
}

/** OPFS with files that can be open: in a dedicated Worker. Other threads see its folders and no more. */
export function hasSyncHandles(): boolean {
  const { FileSystemFileHandle: handle } = globalThis as unknown as Platform;
  return handle !== undefined && "createSyncAccessHandle" in handle.prototype;
}

/** @returns `undefined` where there is none: outside of browsers, and in pages that were not loaded over HTTPS. */
export async function rootFolder(): Promise<Folder | undefined> {
  const { navigator: platform } = globalThis as unknown as Platform;
  return platform?.storage?.getDirectory?.();
}

/**
 * Calls back when the page is hidden or left: it may never run again.
 *
 * @returns ends it.
 */
export function onHidden(callback: () => void): () => void {
  const { document: page } = globalThis as { document?: EventTarget & { readonly visibilityState?: string } };
  const target = globalThis as Partial<EventTarget>;
  const change = (): void => {
    if (page?.visibilityState === "hidden") callback();
  };
  page?.addEventListener("visibilitychange", change);
  target.addEventListener?.("pagehide", callback);
  return () => {
    page?.removeEventListener("visibilitychange", change);
    target.removeEventListener?.("pagehide", callback);
  };
}

export function webLocks(): Locks | undefined {
  const { navigator: platform } = globalThis as unknown as Platform;
  return platform?.locks;
}

export function database(): IDBFactory | undefined {
  return (globalThis as unknown as Platform).indexedDB;
}
