// What the page itself does with the database's one connection, in words: whoever waits can say for what.

export interface Activity {
  /** `your import`. */
  readonly label: string;
  /** Whether closing the page now would lose it. */
  readonly isPrecious: boolean;
}

/** Fires `change` when something begins or ends. */
class Activities extends EventTarget {
  readonly #running = new Set<Activity>();

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
    return holder && holder.label !== label ? `Waiting for ${holder.label}…` : "";
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
