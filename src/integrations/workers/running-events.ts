import type { WaitUntil } from "../../contract/runtime.ts";
import { type Place, probe } from "./probe.ts";

const events = new WeakSet<WaitUntil>();
let running = 0;
/** Of some request. */
let witness: (() => Place) | undefined;

/** A handler of `withSession()` is under way, until what this returns is called. */
export function beginEvent(isObject: boolean): () => void {
  running++;
  if (!isObject) witness ??= probe();
  return () => void running--;
}

/** Whether something keeps what begins now alive, as far as it can be known: a handler of `withSession()`, or a Durable Object. */
export function isKeptAlive(): boolean {
  return running > 0 || witness?.() === "object";
}

/** Marks what keeps an event alive that closes its sockets by itself: whoever is called with it, is of that event. */
export function markEvent(keep: WaitUntil): void {
  events.add(keep);
}

export function isEvent(keep: WaitUntil): boolean {
  return events.has(keep);
}
