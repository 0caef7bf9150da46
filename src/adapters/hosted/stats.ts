/** The counts of one pool host, since its object was last started. Connections are those to PostgreSQL. */
export interface PoolHostStats {
  readonly max: number;
  /** Connections that are open: `busy`, `idle`, and those being validated. */
  readonly open: number;
  readonly busy: number;
  readonly idle: number;
  readonly opening: number;
  /** Sessions in line for a connection. */
  readonly waiting: number;
  /** Connections opened so far. */
  readonly opened: number;
  /** How often a session had to wait, and for how long together, in milliseconds. */
  readonly waits: number;
  readonly waitedMs: number;
  /** Flights sent to PostgreSQL so far. */
  readonly flights: number;
  /** Sessions that are connected, whether they have a connection or not. */
  readonly seats: number;
  /** Sessions that were rolled back after `leaseMs` without a flight. */
  readonly expired: number;
  /** Sessions whose client was gone while they waited, had a transaction open, or ran a statement. */
  readonly abandoned: number;
}
