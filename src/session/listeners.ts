import type { AdapterEvent, DatabaseEvent, PoolEvent, SessionEvent } from "../contract/events.ts";
import type { Clock } from "../contract/runtime.ts";

type Listener = (event: DatabaseEvent) => void;

/** An event on its way; `at`: its moment, where that was just read. */
export type Told = (AdapterEvent | PoolEvent | SessionEvent) & { readonly at?: number | undefined };

/** Who is called with a database's events. */
export class Listeners {
  /** Replaced, never changed: whoever is being told may subscribe or end. */
  #calls: readonly Listener[] = [];

  get isEmpty(): boolean {
    return this.#calls.length === 0;
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
    this.#calls = [...this.#calls, call];
    onChange();
    return () => {
      this.#calls = this.#calls.filter((each) => each !== call);
      onChange();
    };
  }

  /** @param event - nobody else's: the last one is handed this very object. */
  tell(event: Told, clock: Clock, pool: string): void {
    const calls = this.#calls;
    for (let index = 0; index < calls.length; index++) {
      const call = calls[index]!;
      if (calls !== this.#calls && !this.#calls.includes(call)) continue;
      // One that throws must not stop what it listens to, nor change what the next one is told.
      const own = index === calls.length - 1 ? event : Object.assign({}, event);
      try {
        call(stamped(own, clock, pool));
      } catch {}
    }
  }
}

// Written into it: to spread events of so many shapes costs more than the statement that they tell of.
function stamped(event: Told, clock: Clock, pool: string): DatabaseEvent {
  const told = event as typeof event & { at: number; pool: string };
  told.at ??= clock.now();
  told.pool = pool;
  return told;
}
