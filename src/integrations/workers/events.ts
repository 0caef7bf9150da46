import type { WaitUntil } from "../../contract/runtime.ts";

const events = new WeakSet<WaitUntil>();

/** Marks what keeps an event alive that closes its sockets by itself: whoever is called with it, is of that event. */
export function markEvent(keep: WaitUntil): void {
  events.add(keep);
}

export function isEvent(keep: WaitUntil): boolean {
  return events.has(keep);
}
