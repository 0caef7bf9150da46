import type { Owner } from "../contract/events.ts";
import type { Desk, Lease } from "./lease.ts";

/** One open connection, and what the pool knows of it. */
export class Entry<C> {
  readonly connection: C;
  readonly id: number;
  readonly desk: Desk<C>;
  readonly generation: number;
  readonly expiresAt: number;
  /** How often it was lent. */
  uses = 0;
  /** When it came back: exact, or the moment of the pool's last reading of the clock before it. */
  idleSince = 0;
  leasedAt = 0;
  /** Who has it now. */
  lease: Lease<C> | undefined = undefined;
  owner: Owner | undefined = undefined;
  stack: string | undefined = undefined;
  /** When its lease is reported as a leak. */
  leakAt: number = Infinity;

  constructor(connection: C, id: number, desk: Desk<C>, generation: number, expiresAt: number) {
    this.connection = connection;
    this.id = id;
    this.desk = desk;
    this.generation = generation;
    this.expiresAt = expiresAt;
  }
}
