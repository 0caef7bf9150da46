import type { AdapterEvent, DatabaseEvent, PoolEvent, SessionEvent } from "../contract/events.ts";
import type { Clock } from "../contract/runtime.ts";

type Listener = (event: DatabaseEvent) => void;

/** Who is called with a database's events. */
export class Listeners {
  readonly #calls: Set<Listener> = new Set();

  get isEmpty(): boolean {
    return this.#calls.size === 0;
  }

  /**
   * @param onChange - called now, and when it was taken off.
   * @returns takes it off again.
   */
  add(listener: Listener, onChange: () => void): () => void {
    if (typeof listener !== "function")
      throw new TypeError(`Expected the listener to be a function, got \`${typeof listener}\``);
    // One of its own: whoever subscribes twice ends each by itself.
    const call: Listener = (event) => listener(event);
    this.#calls.add(call);
    onChange();
    return () => {
      this.#calls.delete(call);
      onChange();
    };
  }

  tell(event: AdapterEvent | PoolEvent | SessionEvent, clock: Clock, pool: string): void {
    for (const call of this.#calls) {
      // One that throws must not stop what it listens to, nor change what the next one is told.
      try {
        call({ ...event, at: clock.now(), pool });
      } catch {}
    }
  }
}
