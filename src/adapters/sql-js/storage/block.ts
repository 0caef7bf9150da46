/** What is kept is cut into blocks of this size, whatever the page size of the database is: VACUUM may change that one. */
export const BLOCK_BYTES = 4_096;

/** How a database's file has changed since it was last asked. What `blocks` does not name is as it was, and zero where the file grew. */
export interface Change {
  readonly sizeBytes: number;
  /** By their place in the file; each `BLOCK_BYTES` long, the last one too. */
  readonly blocks: ReadonlyMap<number, Uint8Array>;
}

/** How many blocks hold `sizeBytes`. */
export function blocksOf(sizeBytes: number): number {
  return Math.ceil(sizeBytes / BLOCK_BYTES);
}

/** Two changes as one: `earlier` happened first. */
export function merge(earlier: Change | undefined, later: Change): Change {
  if (!earlier) return later;
  const count = blocksOf(later.sizeBytes);
  const blocks = new Map([...earlier.blocks].filter(([block]) => block < count));
  // What was cut off in between came back as zeros.
  for (let block = blocksOf(earlier.sizeBytes); block < count; block++) blocks.set(block, new Uint8Array(BLOCK_BYTES));
  for (const [block, bytes] of later.blocks) blocks.set(block, bytes);
  return { sizeBytes: later.sizeBytes, blocks };
}

/** Where one database is kept. One user at a time; `write()` is not called again before it has settled. */
export interface BlockStore {
  /** The image as of the last commit that was kept; `undefined` when there is none yet. */
  load(): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Keeps a change as a whole or not at all. After a failure the next one holds what this one held. */
  write(change: Change, isStrict: boolean): void | Promise<void>;
  /** All that can be read, also where `load()` refuses. */
  salvage(): Uint8Array | Promise<Uint8Array>;
  /** Makes durable what was written and not yet flushed. */
  flush(): void | Promise<void>;
  close(): void;
}
