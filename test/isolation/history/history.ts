// What clients saw of lists that they appended to: enough to know in which order everything happened. The idea is Elle's:
// https://github.com/jepsen-io/elle

/** A list, by the number of its row. */
export type Key = number;

/** An element; no two appends have the same. */
export type Value = number;

export type Operation =
  /** `isRefused`: the database said that it is not done. */
  | { readonly kind: "append"; readonly key: Key; readonly value: Value; readonly isRefused?: boolean }
  /** `undefined`: no answer came. */
  | { readonly kind: "read"; readonly key: Key; readonly list: readonly Value[] | undefined }
  /** A transaction inside begins. */
  | { readonly kind: "enter" }
  /** It ends. `isUndone`: it was rolled back. */
  | { readonly kind: "leave"; readonly isUndone: boolean };

export interface Transaction {
  /** In the order in which they were done. */
  readonly operations: readonly Operation[];
  /** As its client was told. `unknown`: it lost the answer to COMMIT. */
  readonly fate: "committed" | "aborted" | "unknown";
}

export interface History {
  readonly transactions: readonly Transaction[];
  /** What was stored when all had ended. */
  readonly stored: ReadonlyMap<Key, readonly Value[]>;
}
