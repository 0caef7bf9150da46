import type { CloseReason } from "../contract/events.ts";
import type { Place } from "./refusal.ts";

/** The counts of a pool. */
export interface PoolStats {
  readonly max: number;
  /** Connections that are open: `busy`, `idle`, and those being validated. */
  readonly open: number;
  /** Lent out. */
  readonly busy: number;
  readonly idle: number;
  /** Opens in progress. */
  readonly opening: number;
  /** Callers in line. */
  readonly waiting: number;
  /** Connections opened so far. */
  readonly opened: number;
  /** Connections closed or detached so far, by reason. */
  readonly closed: Readonly<Record<CloseReason, number>>;
  /** Callers that could not be served at once, so far. */
  readonly waits: number;
  /** Their total waiting time, in milliseconds. */
  readonly waitedMs: number;
}

export function noneClosed(): Record<CloseReason, number> {
  return {
    idle: 0,
    lifetime: 0,
    uses: 0,
    surplus: 0,
    invalid: 0,
    broken: 0,
    dirty: 0,
    stale: 0,
    disposed: 0,
    detached: 0,
  };
}

export function statsOf({ options, stock, line }: Place): PoolStats {
  const { entries, busy, idle, under, opened, closed } = stock;
  return {
    max: options.max,
    open: entries.size,
    busy,
    idle: idle.length,
    opening: under.open,
    waiting: line.size,
    opened,
    closed: { ...closed },
    waits: line.waits,
    waitedMs: line.waitedMs,
  };
}
