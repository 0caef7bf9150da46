import type { Key, Operation, Value } from "./history.ts";

/** What the rest of the checker knows of a transaction. */
export interface Known {
  readonly at: number;
  readonly operations: readonly Operation[];
  readonly isStored: boolean;
  /** What it appended to each list, and did not take back. */
  readonly kept: ReadonlyMap<Key, readonly Value[]>;
}

/** The reads of a transaction, each with what it had appended to that list itself by then. */
export function* reads(
  operations: readonly Operation[],
): Generator<{ key: Key; list: readonly Value[]; own: readonly Value[] }> {
  let own: ReadonlyMap<Key, readonly Value[]> = new Map();
  const outer: (typeof own)[] = [];
  for (const operation of operations) {
    const { kind } = operation;
    if (kind === "enter") outer.push(own);
    else if (kind === "leave") {
      const before = outer.pop()!;
      if (operation.isUndone) own = before;
    } else {
      const { key } = operation;
      const values = own.get(key) ?? [];
      if (kind === "append") {
        if (!operation.isRefused) own = new Map(own).set(key, [...values, operation.value]);
      } else if (operation.list) yield { key, list: operation.list, own: values };
    }
  }
}
