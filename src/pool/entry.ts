import type { Owner } from "../contract/events.ts";
import type { Lender, Stack } from "./lease.ts";

/** One open connection, and what the pool knows of it. */
export interface Entry<C> {
  readonly connection: C;
  readonly id: number;
  readonly lender: Lender<C>;
  readonly generation: number;
  /** When its lifetime is over. */
  readonly expiresAt: number;
  /** How often it was lent. */
  uses: number;
  isLent: boolean;
  leasedAt: number;
  /** When its lease is reported as a leak. */
  leakAt: number;
  owner: Owner | undefined;
  stack: Stack;
  /** When it came back: exact, or the pool's last reading of the clock before. */
  idleSince: number;
  /** From when on it is not lent again, if it stays idle. */
  endsAt: number;
}
