// A storage on a disk of the tests.

import {
  type CommitOptions,
  type CommitStorage,
  createStorage,
} from "../../../../src/adapters/sql-js/storage/commit-storage.ts";
import { LogStore } from "../../../../src/adapters/sql-js/storage/log-store.ts";
import { Disk } from "./disk.ts";

let disks = 0;

export function storeOn({ files: [base, first, second] }: Disk, checkpointBytes?: number): LogStore {
  return new LogStore("shop", { base: base!, logs: [first!, second!] }, { checkpointBytes });
}

export function diskStorage(disk: Disk, options: CommitOptions & { checkpointBytes?: number } = {}): CommitStorage {
  const place = {
    kind: `disk-${++disks}`,
    open: () => storeOn(disk, options.checkpointBytes),
    remove: () => undefined,
  };
  return createStorage(place, options);
}

/** What a process would find that begins now: the files as they were written so far. */
export function imageOn(disk: Disk): Uint8Array {
  return storeOn(new Disk(disk.files.map(({ content }) => content))).salvage();
}
