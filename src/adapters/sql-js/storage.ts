import type { MaybePromise } from "../../contract/adapter.ts";

/** Loads the image of a named database, and saves it when the database is disposed. */
export interface SqlJsStorage {
  /** Identifies where the images are kept. Storages with the same key count as the same: two Databases of one name may use them. Default: the object itself. */
  readonly key?: unknown;
  /** The image of an SQLite file; `undefined` if there is none yet. */
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
