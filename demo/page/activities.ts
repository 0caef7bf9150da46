// What the page itself does with the database's one connection, in words: whoever waits can say for what.

import { timeline } from "./sessions/timeline.ts";

export interface Activity {
  /** `your import`. */
  readonly label: string;
  /** Whether closing the page now would lose it. */
  readonly isPrecious: boolean;
}

/** Fires `change` when something begins or ends. */
class Activities extends EventTarget {
  readonly #running = new Set<Activity>();
  #elsewhere = "";

  constructor() {
    super();
    timeline.addEventListener("change", () => {
      if (this.#elsewhere === timeline.waitsFor) return;
      this.#elsewhere = timeline.waitsFor;
      this.dispatchEvent(new Event("change"));
    });
  }

  /** What came first has the connection: sessions get it in the order in which they ask. */
  get holder(): Activity | undefined {
    return this.#running.values().next().value;
  }

  get isPrecious(): boolean {
    return [...this.#running].some(({ isPrecious }) => isPrecious);
  }

  /** What another one has to wait for; `""`: nothing. */
  waitFor(label: string): string {
    const { holder } = this;
    if (holder && holder.label !== label) return `Waiting for ${holder.label}…`;
    return holder && this.#elsewhere ? `Waiting for ${this.#elsewhere}…` : "";
  }

  async during<T>(label: string, work: () => Promise<T>, { isPrecious = false } = {}): Promise<T> {
    const activity = { label, isPrecious };
    this.#running.add(activity);
    this.dispatchEvent(new Event("change"));
    try {
      return await work();
    } finally {
      this.#running.delete(activity);
      this.dispatchEvent(new Event("change"));
    }
  }
}

export const activities = new Activities();
