import type { Entry } from "../../pool/entry.ts";
import { type AcquireOptions, type Lease, lend } from "../../pool/lease.ts";

/** A cut-off request returns nothing: after this time, its place is lent again. */
export const LONGEST_LEASE_MS = 60_000;

/** The lent connections, and the options of their holders. */
export class Loans<C> {
  readonly #holders: Map<Entry<C>, AcquireOptions | undefined> = new Map();

  /** @param leakMs - the age at which a lease is reported as a leak. */
  begin(entry: Entry<C>, options: AcquireOptions | undefined, now: number, leakMs: number): Lease<C> {
    entry.leakAt = now + leakMs;
    this.#holders.set(entry, options);
    return lend(entry, options, options?.stack, now);
  }

  /** @returns its holder's options; `undefined` for one that was lost. */
  end(entry: Entry<C>): AcquireOptions | undefined {
    const holder = this.#holders.get(entry);
    this.#holders.delete(entry);
    entry.owner = entry.stack = undefined;
    entry.leakAt = Infinity;
    return holder;
  }

  /** Writes off leases that are too old, and returns their connections. */
  lose(now: number): Entry<C>[] {
    const isLost = (entry: Entry<C>): boolean => entry.leasedAt < now - LONGEST_LEASE_MS;
    return [...this.#holders.keys()].filter((entry) => isLost(entry) && this.#holders.delete(entry));
  }
}
