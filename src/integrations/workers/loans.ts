import type { Entry } from "../../pool/entry.ts";
import type { PoolSource } from "../../pool/source.ts";
import { type AcquireOptions, type Lease, lend } from "../../pool/lease.ts";
import { Life } from "./life.ts";

/** A cut-off request returns nothing: after this time, its place is lent again. */
export const LONGEST_LEASE_MS = 60_000;

/** As long as a Worker may go on behind its response: whoever sends nothing for so long has forgotten its lease. */
const LONGEST_SILENCE_MS = 30_000;

interface Loan {
  /** What whoever has it had asked for. */
  readonly options: AcquireOptions | undefined;
  /** Of the request that has it; `undefined` where the platform does not tell. */
  readonly life: Life | undefined;
}

/** What is lent, and to whom. */
export class Loans<C> {
  readonly #all: Map<Entry<C>, Loan> = new Map();
  readonly #isTold: () => boolean;

  /** @param isTold - whether the platform tells that another request has ended. */
  constructor(isTold: () => boolean) {
    this.#isTold = isTold;
  }

  begin(entry: Entry<C>, options: AcquireOptions | undefined, now: number): Lease<C> {
    this.#all.set(entry, { options, life: this.#isTold() ? new Life(now) : undefined });
    return lend(entry, options, options?.stack, now);
  }

  /** @returns its holder's options; `undefined` for one that was lost. */
  end(entry: Entry<C>): AcquireOptions | undefined {
    const loan = this.#all.get(entry);
    this.#all.delete(entry);
    entry.owner = entry.stack = undefined;
    entry.leakAt = Infinity;
    return loan?.options;
  }

  /** Gives up on leases that are of no use to anybody: returns what was lent. */
  lose(now: number, silentMs: PoolSource<C>["silentMs"]): Entry<C>[] {
    const isLost = ({ leasedAt, connection }: Entry<C>): boolean =>
      silentMs
        ? Math.min(now - leasedAt, silentMs(connection)) > LONGEST_SILENCE_MS
        : leasedAt < now - LONGEST_LEASE_MS;
    return [...this.#all.keys()].filter((entry) => isLost(entry) && this.#all.delete(entry));
  }

  /** Asks whether the requests that have them have ended. Calls `onLost` a moment later with what one has left that was cut off. */
  ask(now: number, onLost: (entry: Entry<C>) => void): void {
    for (const [entry, loan] of this.#all)
      loan.life?.ask(now, () => {
        // It may have come back meanwhile, and be lent again.
        if (this.#all.get(entry) === loan && this.#all.delete(entry)) onLost(entry);
      });
  }
}
