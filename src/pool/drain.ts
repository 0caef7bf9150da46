/** The callers of `dispose()`, who wait until every connection is closed, or their time is over. */
export class Drain {
  /** When to settle them at the latest; `Infinity` when nobody waits. */
  dueAt: number = Infinity;
  #resolves: (() => void)[] = [];

  get isWaiting(): boolean {
    return this.#resolves.length > 0;
  }

  wait(until: number, resolve: () => void): void {
    this.dueAt = until;
    this.#resolves.push(resolve);
  }

  /** Settles all of them, when it is time. */
  settle(isDone: boolean): void {
    if (!isDone) return;
    this.dueAt = Infinity;
    for (const resolve of this.#resolves.splice(0)) resolve();
  }
}
