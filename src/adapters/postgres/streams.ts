import type { Part } from "./pipeline.ts";
import type { PortalStream } from "./portal-stream.ts";

/** The streams that read from a connection, and the portals that they have left. */
export class Streams {
  readonly #all: Set<PortalStream> = new Set();
  /** Those that read already when the savepoint was made, by its name: a rollback to it leaves them alone. */
  readonly #older: Map<string, readonly PortalStream[]> = new Map();
  /** Abandoned portals, closed before the next statement. */
  #left: string[] = [];

  get size(): number {
    return this.#all.size;
  }

  /** One of them has a transaction of its own, of which nobody needs to know. */
  get hasOwn(): boolean {
    if (this.#all.size === 0) return false;
    return [...this.#all].some(({ isAlone }) => isAlone);
  }

  add(stream: PortalStream): PortalStream {
    this.#all.add(stream);
    return stream;
  }

  delete(stream: PortalStream): void {
    this.#all.delete(stream);
  }

  leave(portal: string): void {
    this.#left.push(portal);
  }

  /** Segments with, ahead of them, what closes the portals that were left. */
  withLeft(segments: readonly (readonly Part[])[]): readonly (readonly Part[])[] {
    if (this.#left.length === 0) return segments;
    const [first = [], ...rest] = segments;
    const closes = this.#left.splice(0).map((portal): Part => ({ kind: "close", portal }));
    return [[...closes, ...first], ...rest];
  }

  /** Reads to their end all of them, or those that have a transaction of their own. */
  async drain(isAll: boolean, signal: AbortSignal | undefined): Promise<void> {
    for (const stream of this.#all) if (isAll || stream.isAlone) await stream.drain(signal);
  }

  /** A savepoint was made. */
  mark(name: string): void {
    this.#older.set(
      name,
      [...this.#all].filter(({ isOpen }) => isOpen),
    );
  }

  /**
   * @param why - makes their error: mostly there are none, and an error is dear.
   * @param name - of the savepoint that was rolled back to; without one, all of them end.
   */
  end(why: () => Error, name?: string): void {
    if (this.#all.size === 0) return;
    const [error, spared] = [why(), this.#older.get(name ?? "") ?? []];
    for (const stream of this.#all) if (!spared.includes(stream)) stream.end(error);
  }

  /** Their transaction has ended. */
  endAll(why: () => Error): void {
    this.end(why);
    this.#left = [];
    this.#older.clear();
  }
}
