import type { Entry } from "../../pool/entry.ts";
import type { PoolSource } from "../../pool/source.ts";
import { type AcquireOptions, type Lease, lend } from "../../pool/lease.ts";

/** A cut-off request returns nothing: after this time, its place is lent again. */
export const LONGEST_LEASE_MS = 60_000;

/** As long as a Worker may go on behind its response: whoever sends nothing for so long has forgotten its lease. */
const LONGEST_SILENCE_MS = 30_000;

/** What is lent, and what whoever has it had asked for. */
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

  /** Gives up on leases that are of no use to anybody: returns what was lent. */
  lose(now: number, silentMs: PoolSource<C>["silentMs"]): Entry<C>[] {
    const isLost = ({ leasedAt, connection }: Entry<C>): boolean =>
      silentMs
        ? Math.min(now - leasedAt, silentMs(connection)) > LONGEST_SILENCE_MS
        : leasedAt < now - LONGEST_LEASE_MS;
    return [...this.#holders.keys()].filter((entry) => isLost(entry) && this.#holders.delete(entry));
  }
}
