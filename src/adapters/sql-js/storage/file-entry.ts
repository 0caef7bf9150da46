import { checkNames } from "../../../option-names.ts";
import {
  COMMIT_OPTIONS,
  type CommitOptions,
  type CommitStorage,
  createStorage,
  type OpenPlace,
} from "./commit-storage.ts";
import { lockFilePatiently } from "./file-lock.ts";
import { LogStore } from "./log-store.ts";
import { type FileSystem, NodeFile, type ProcessTable } from "./node-file.ts";

export type { CommitOptions, CommitStorage } from "./commit-storage.ts";
export type { FileSystem, ProcessTable } from "./node-file.ts";

export interface FileStorageOptions extends CommitOptions {
  /** `import * as fs from "node:fs"`. */
  readonly fs: FileSystem;
  /** `import process from "node:process"`: tells whether the owner of a lock file is still alive, in this container. */
  readonly process: ProcessTable;
}

/** What a database is kept in: a plain SQLite file as of a checkpoint, and two logs of what came since. */
const FILES = ["", "-log1", "-log2"] as const;

/**
 * Keeps each commit of named databases in files, with the same log as `opfs()`: `<folder>/<name>.sqlite` and its two logs. One
 * process at a time: another one gets `STORAGE_FAILED`, reason `locked`.
 *
 * @throws TypeError for a wrong option.
 * @example
 * const storage = fileStorage({ fs, process, folder: "data" });
 * const db = createDatabase("sqljs:shop", { adapters: [sqlJs({ sqlJs, storage })] });
 */
export function fileStorage(options: FileStorageOptions): CommitStorage {
  checkNames(options, [...COMMIT_OPTIONS, "fs", "process"] satisfies (keyof FileStorageOptions)[], "fileStorage()");
  const { fs, process: processes } = options;
  if (typeof fs?.openSync !== "function") throw new TypeError(`Expected \`fs\` to be node:fs, got \`${typeof fs}\``);
  if (typeof processes?.kill !== "function")
    throw new TypeError(`Expected \`process\` to be node:process, got \`${typeof processes}\``);
  const place = {
    kind: "file",
    open: (folder: string, name: string, { onLost }: OpenPlace = {}) =>
      openFiles(fs, processes, folder || ".", name, onLost),
    remove: async (folder: string, name: string) => {
      const path = pathOf(folder || ".", name);
      if (!fs.existsSync(path)) return;
      const { unlock } = await lockFilePatiently(fs, processes, path, name);
      try {
        // The base says that there is one: should this end halfway, it can be done again.
        for (const file of [FILES[2], FILES[1], FILES[0]]) fs.rmSync(path + file, { force: true });
      } finally {
        unlock();
      }
    },
  };
  return createStorage(place, options);
}

async function openFiles(
  fs: FileSystem,
  processes: ProcessTable,
  folder: string,
  name: string,
  onLost: (() => void) | undefined,
): Promise<LogStore> {
  fs.mkdirSync(folder, { recursive: true });
  const path = pathOf(folder, name);
  const lock = await lockFilePatiently(fs, processes, path, name);
  const files: NodeFile[] = [];
  try {
    for (const end of FILES) files.push(new NodeFile(fs, path + end));
    syncFolder(fs, folder);
    const [base, ...logs] = files as [NodeFile, NodeFile, NodeFile];
    lock.watch(onLost);
    return new LogStore(name, { base, logs }, { onClose: lock.unlock, check: lock.check });
  } catch (error) {
    for (const file of files) file.close();
    lock.unlock();
    throw error;
  }
}

function pathOf(folder: string, name: string): string {
  return `${folder}/${name}.sqlite`;
}

/** A new file is there after a power cut only when its folder was flushed. Windows has no such thing. */
function syncFolder(fs: FileSystem, folder: string): void {
  try {
    const handle = fs.openSync(folder, "r");
    fs.fsyncSync(handle);
    fs.closeSync(handle);
  } catch {}
}
