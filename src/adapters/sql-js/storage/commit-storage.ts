import type { MaybePromise } from "../../../contract/adapter.ts";
import type { StorageKind } from "../../../contract/events.ts";
import type { SqlJsStatic } from "../driver.ts";
import { checkImage } from "../image.ts";
import type { SqlJsCommitStorage, StoredDatabase } from "../storage.ts";
import { BLOCK_BYTES, type BlockStore } from "./block.ts";
import { toStorageFailed } from "./failure.ts";
import { BlockDatabase, type Durability } from "./stored-database.ts";

export interface CommitOptions {
  /**
   * When COMMIT resolves. `strict`: when it would survive a power cut. `relaxed`: at once; what is lost then, if anything, is the
   * newest commits, never a part of one. Default `strict`.
   */
  readonly durability?: Durability | undefined;
  /** Where the files are; the `folder` of a Database is one inside of it. Default `""`. */
  readonly folder?: string | undefined;
}

/** A storage that keeps each commit, and what can be done with it when no Database has it open. */
export interface CommitStorage extends SqlJsCommitStorage {
  readonly key: string;
  /**
   * The image of a SQLite file, as far as it can be read: also of one that is damaged.
   *
   * @throws DbError `STORAGE_FAILED`
   */
  salvage(name: string): Promise<Uint8Array>;
  /**
   * Keeps the image of a SQLite file as the database of that name, in one commit: what it held before is replaced. The image is not
   * checked: opening it does that.
   *
   * @throws TypeError for anything but a Uint8Array; DbError `STORAGE_FAILED`
   * @example
   * await storage.restore("shop", new Uint8Array(await file.arrayBuffer()));
   */
  restore(name: string, image: Uint8Array): Promise<void>;
  /** Deletes a database; one that is not there, too. */
  remove(name: string): Promise<void>;
}

export interface OpenPlace {
  /** Whoever has it open loses it. */
  readonly takesOver?: boolean | undefined;
  /** Another one has taken it over: nothing can be written to it any more. */
  readonly onLost?: (() => void) | undefined;
}

/** A kind of storage. */
export interface Place {
  readonly kind: string;
  open(folder: string, name: string, options: OpenPlace): MaybePromise<BlockStore>;
  /** What a database that was opened is kept in. Default: what the place is called. */
  kindOf?(name: string): { readonly kind: StorageKind; readonly cause?: unknown } | undefined;
  remove(folder: string, name: string): MaybePromise<void>;
  /** Whether a database is there. Where this cannot be known, no. */
  has?(folder: string, name: string): Promise<boolean>;
}

export const COMMIT_OPTIONS: readonly (keyof CommitOptions)[] = ["durability", "folder"];

/** @throws TypeError for a wrong option. */
export function createStorage(place: Place, { durability = "strict", folder = "" }: CommitOptions): CommitStorage {
  if (durability !== "strict" && durability !== "relaxed")
    throw new TypeError(`Expected \`durability\` to be "strict" or "relaxed", got \`${String(durability)}\``);
  checkFolder(folder);
  const attempt = async <T>(name: string, work: () => MaybePromise<T>): Promise<T> => {
    checkName(name);
    try {
      return await work();
    } catch (error) {
      throw toStorageFailed(name, error);
    }
  };
  const using = <T>(name: string, work: (store: BlockStore) => MaybePromise<T>): Promise<T> =>
    attempt(name, async () => {
      const store = await place.open(folder, name, {});
      try {
        return await work(store);
      } finally {
        store.close();
      }
    });
  return {
    // Two that differ in their durability are not one: whoever asked for `strict` must have it.
    key: `${place.kind}:${folder}${durability === "strict" ? "" : ` (${durability})`}`,
    in: (inner) => createStorage(place, { durability, folder: inner ? join(folder, inner) : folder }),
    open: (name: string, sqlJs: SqlJsStatic, { takesOver } = {}): StoredDatabase =>
      new BlockDatabase(name, sqlJs, durability, {
        open: (onLost) => attempt(name, () => place.open(folder, name, { takesOver, onLost })),
        kind: () => place.kindOf?.(name) ?? { kind: place.kind as StorageKind },
      }),
    salvage: (name) => using(name, (store) => store.salvage()),
    restore: async (name, image) => {
      checkImage(image, "`image` to be");
      await using(name, (store) => replace(store, image));
    },
    remove: (name) => attempt(name, () => place.remove(folder, name)),
  };
}

/** A store that has not been read has no end to write at. */
async function replace(store: BlockStore, image: Uint8Array): Promise<void> {
  await store.load();
  await store.write({ sizeBytes: image.length, blocks: cut(image) }, true);
}

function cut(image: Uint8Array): Map<number, Uint8Array> {
  const blocks = new Map<number, Uint8Array>();
  for (let at = 0; at < image.length; at += BLOCK_BYTES) {
    const bytes = new Uint8Array(BLOCK_BYTES);
    bytes.set(image.subarray(at, at + BLOCK_BYTES));
    blocks.set(at / BLOCK_BYTES, bytes);
  }
  return blocks;
}

/** A path that begins at a root is where it is. */
function join(folder: string, inner: string): string {
  return folder === "" || /^([a-z]:)?[\\/]/i.test(inner) ? inner : `${folder}/${inner}`;
}

function checkFolder(folder: unknown): void {
  if (typeof folder !== "string") throw new TypeError(`Expected \`folder\` to be a string, got \`${typeof folder}\``);
}

/** What a URL can name, and can be opened again. */
function checkName(name: unknown): void {
  if (typeof name !== "string" || name === "memory" || !/^\w[\w.-]*$/.test(name))
    throw new TypeError(
      `Expected \`name\` to be that of a database (letters, digits, . _ -; not \`memory\`), got \`${String(name)}\``,
    );
}
