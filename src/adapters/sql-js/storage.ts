import type { MaybePromise } from "../../contract/adapter.ts";

/** Where a named database's first bytes come from, and where its image goes when the database is disposed. */
export interface SqlJsStorage {
  /** What it keeps the images in. Storages with one key are one: two Databases of one name may have them. Default: the object itself. */
  readonly key?: unknown;
  /** The image of a SQLite file; `undefined` when there is none yet. */
  load(name: string): MaybePromise<Uint8Array | undefined>;
  save(name: string, image: Uint8Array): MaybePromise<void>;
}

/**
 * Keeps the images of named databases in `images`, for as long as that object lives.
 *
 * @param images - images by name; add to it to start from a file: `memory({ shop: bytes })`.
 */
export function memory(images: Record<string, Uint8Array> = {}): SqlJsStorage {
  return {
    key: images,
    load: (name) => (Object.hasOwn(images, name) ? images[name] : undefined),
    save: (name, image) => void (images[name] = image),
  };
}
