import type { Owner } from "../contract/events.ts";
import type { Desk, Lease } from "./lease.ts";

/** One open connection, and what the pool knows of it. */
export interface Entry<C> {
  readonly connection: C;
  readonly id: number;
  /** Where its lease is handed in. */
  readonly desk: Desk<C>;
  readonly generation: number;
  readonly expiresAt: number;
  /** How often it was lent. */
  uses: number;
  /** When it came back: exact, or the pool's last reading of the clock before. */
  idleSince: number;
  leasedAt?: number | undefined;
  /** Who has it now. */
  lease?: Lease<C> | undefined;
  owner?: Owner | undefined;
  stack?: string | undefined;
  /** When its lease is reported as a leak. */
  leakAt?: number | undefined;
}
