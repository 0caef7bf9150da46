import type { CloseReason } from "../../contract/events.ts";
import { noneClosed, type PoolStats } from "../../pool/stats.ts";

const NOTHING = { open: 0, busy: 0, idle: 0, opening: 0, waiting: 0 };

/** The counts of pools together; `max` is that of each. */
export function add(sum: PoolStats, { closed, ...more }: PoolStats): PoolStats {
  const counts = Object.entries(more).map(([name, count]) => [name, count + sum[name as keyof typeof more]]);
  const reasons = Object.entries(closed).map(([reason, count]) => [reason, count + sum.closed[reason as CloseReason]]);
  return { ...(Object.fromEntries(counts) as typeof more), closed: Object.fromEntries(reasons), max: sum.max };
}

export function noStats(max: number): PoolStats {
  return { max, ...NOTHING, opened: 0, waits: 0, waitedMs: 0, closed: noneClosed() };
}

/** What a pool has counted so far, and nothing that it has now. */
export function endedStats(stats: PoolStats): PoolStats {
  return { ...stats, ...NOTHING };
}
