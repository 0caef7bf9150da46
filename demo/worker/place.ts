import type { ObjectStorage } from "../../src/adapters/durable-object/index.ts";

/** Where the shop is, for `do:…`: the storage of the one object that there is, as of its last start in this isolate. */
export const place: { storage?: ObjectStorage } = {};
