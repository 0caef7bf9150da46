// What may grow, and by how much. A soak says which bounds were broken, so that a leak that is planted can be seen to break them.

import { growthOf, type Sample } from "./growth.ts";

/** A mistake made on purpose, again and again: a listener, a connection or a lease is kept that should have ended. */
export type Plant = "listener" | "connection" | "lease";

/** What of, and the most that it may grow by in all of the time, by the slope. */
export const MOST = {
  /** Bytes of a heap: what a session leaves would be a thousand times as much. */
  heap: 1_500_000,
  /** Bytes of a process's resident memory, which is noisier than a heap. */
  memory: 12_000_000,
  /** Timers, sockets and the like. */
  handles: 10,
} as const;

export interface Outcome {
  /** One line, with the numbers. */
  readonly report: string;
  /** Each bound that was broken, in words that begin with its name. */
  readonly broken: readonly string[];
}

export class Verdict {
  readonly broken: string[] = [];

  /** @returns by how much it grew. */
  grew(name: keyof typeof MOST, samples: readonly Sample[]): number {
    const total = Math.round(growthOf(samples).total);
    if (!(total < MOST[name])) this.broken.push(`${name}: grew by ${total}, over ${MOST[name]}`);
    return total;
  }

  atMost(name: "open" | "busy" | "left", count: number, most: number, what: unknown = count): void {
    if (!(count <= most)) this.broken.push(`${name}: ${JSON.stringify(what)}, over ${most}`);
  }
}
