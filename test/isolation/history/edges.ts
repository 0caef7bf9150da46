import type { History, Value } from "./history.ts";
import { type Known, reads } from "./known.ts";

/** `ww`: overwrote. `wr`: was read by. `rw`: read what the other one overwrote. */
export type Relation = "ww" | "wr" | "rw";

/** The first transaction came before the second one. */
export type Edge = readonly [from: number, to: number, relation: Relation];

/** Who came before whom, of those that are stored: the lists tell the order of all appends. */
export function edgesOf(
  known: readonly Known[],
  writers: ReadonlyMap<Value, Known>,
  stored: History["stored"],
): readonly Edge[] {
  const edges: Edge[] = [];
  const add = (from: Known | undefined, to: Known | undefined, relation: Relation): void => {
    if (from && to && from !== to) edges.push([from.at, to.at, relation]);
  };
  for (const list of stored.values())
    list.forEach((value, index) => add(writers.get(list[index - 1]!), writers.get(value), "ww"));
  for (const reader of known.filter(({ isStored }) => isStored))
    for (const { key, list, own } of reads(reader.operations)) {
      const seen = list.length - own.length;
      add(writers.get(list[seen - 1]!), reader, "wr");
      add(reader, writers.get(stored.get(key)![seen]!), "rw");
    }
  return edges;
}
