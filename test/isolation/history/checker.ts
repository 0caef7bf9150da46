import type { Anomaly, AnomalyKind } from "./anomaly.ts";
import { cycles } from "./cycles.ts";
import type { History, Key, Operation, Transaction, Value } from "./history.ts";
import { type Known, reads } from "./known.ts";
import { edgesOf } from "./edges.ts";

/** Finds what must not happen in a history: what is stored against what was told, and cycles of who came before whom. */
export function check({ transactions, stored }: History): Anomaly[] {
  const anomalies: Anomaly[] = [];
  const note = (kind: AnomalyKind, at: number | readonly number[], text: string): void => {
    anomalies.push({ kind, transactions: [at].flat(), text });
  };
  const known = transactions.map((each, at) => toKnown(each, at, stored, note));
  const writers = new Map<Value, Known>();
  for (const each of known)
    for (const operation of each.operations) if (operation.kind === "append") writers.set(operation.value, each);
  for (const [key, list] of stored) {
    const strange = list.filter((value, index) => list.indexOf(value) !== index || !writers.has(value));
    if (strange.length > 0) note("made up", [], `list ${key} holds ${strange.join()} twice, or from nobody`);
  }
  for (const each of known) checkReads(each, writers, stored, note);
  anomalies.push(...cycles(edgesOf(known, writers, stored)));
  return anomalies;
}

type Note = (kind: AnomalyKind, at: number | readonly number[], text: string) => void;

function toKnown({ operations, fate }: Transaction, at: number, stored: History["stored"], note: Note): Known {
  const { kept, undone } = effects(operations);
  const isThere = (value: Value, key: Key): boolean => stored.get(key)?.includes(value) ?? false;
  const all = [...kept].flatMap(([key, values]) => values.map((value) => [value, key] as const));
  const there = all.filter(([value, key]) => isThere(value, key)).length;
  const isStored = fate === "committed" || (fate === "unknown" && there > 0);
  if (fate === "committed" && there < all.length) note("lost", at, `${all.length - there} of ${all.length} appends`);
  else if (fate === "aborted" && there > 0) note("undone but stored", at, `${there} of ${all.length} appends`);
  else if (there > 0 && there < all.length) note("torn", at, `${there} of ${all.length} appends`);
  const wrong = undone.filter(({ value, key }) => isThere(value, key));
  if (wrong.length > 0) note("undone but stored", at, `${wrong.length} appends of a part that was rolled back`);
  return { at, operations, isStored, kept };
}

type Append = Extract<Operation, { kind: "append" }>;

/** What stays of a transaction's appends when its parts have ended, and what does not. */
function effects(operations: readonly Operation[]): { kept: Map<Key, Value[]>; undone: Append[] } {
  const parts: Append[][] = [[]];
  const undone: Append[] = [];
  for (const operation of operations) {
    if (operation.kind === "append") (operation.isRefused ? undone : parts.at(-1)!).push(operation);
    else if (operation.kind === "enter") parts.push([]);
    else if (operation.kind === "leave") {
      const part = parts.pop()!;
      (operation.isUndone ? undone : parts.at(-1)!).push(...part);
    }
  }
  const kept = new Map<Key, Value[]>();
  for (const { key, value } of parts.flat()) kept.set(key, [...(kept.get(key) ?? []), value]);
  return { kept, undone };
}

/** Each read, against what its transaction had done by then and what others had stored. */
function checkReads(
  { at, operations, isStored }: Known,
  writers: ReadonlyMap<Value, Known>,
  stored: History["stored"],
  note: Note,
): void {
  for (const { key, list, own } of reads(operations)) {
    const others = list.slice(0, list.length - own.length);
    if (list.slice(others.length).join() !== own.join() || others.some((value) => writers.get(value)?.at === at)) {
      note("internal", at, `read ${key}: [${list.join()}] with [${own.join()}] of its own`);
      continue;
    }
    const dirty = others.find((value) => !isKept(value, key, writers));
    if (dirty !== undefined) {
      note("G1a", [at, writers.get(dirty)?.at ?? -1], `read ${key}: [${list.join()}], and ${dirty} was taken back`);
      continue;
    }
    // Of one that was rolled back, only that counts.
    if (!isStored) continue;
    if (stored.get(key)?.slice(0, others.length).join() !== others.join())
      note("no order", at, `read ${key}: [${others.join()}], and stored is [${stored.get(key)?.join()}]`);
    const last = others.at(-1);
    const writer = last === undefined ? undefined : writers.get(last);
    if (writer && writer.kept.get(key)?.at(-1) !== last)
      note("G1b", [at, writer.at], `read ${key}: [${others.join()}], in the middle of what ${last} belongs to`);
  }
}

function isKept(value: Value, key: Key, writers: ReadonlyMap<Value, Known>): boolean {
  const writer = writers.get(value);
  return writer !== undefined && writer.isStored && (writer.kept.get(key)?.includes(value) ?? false);
}
