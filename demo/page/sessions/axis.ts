// Time to pixels. Stretches in which no session lives are cut out, else a pause of a minute hides a transaction of a millisecond.

import type { Track } from "./track.ts";

/** Silence longer than this begins a new burst. */
const SILENCE_MS = 700;
const BREAK_WIDTH = 34;
const LEAST_WIDTH = 64;
/** The most of the width that goes to gaps. */
const MOST_GAPS = 0.35;

export interface Burst {
  readonly from: number;
  readonly to: number;
  readonly x: number;
  readonly width: number;
}

export interface Axis {
  readonly bursts: readonly Burst[];
  x(time: number): number;
}

/** Stretches of time in which at least one session lives. */
export function findBursts(tracks: readonly Track[], now: number): { from: number; to: number }[] {
  const bursts: { from: number; to: number }[] = [];
  for (const { from, to = now } of [...tracks].sort((a, b) => a.from - b.from)) {
    const last = bursts.at(-1);
    if (last && from <= last.to + SILENCE_MS) last.to = Math.max(last.to, to);
    else bursts.push({ from, to });
  }
  return bursts;
}

/**
 * Lays the bursts of `tracks` side by side over `width` pixels: each as wide as it is long, none narrower than a thumb, unless there
 * are more of them than there is room for.
 */
export function createAxis(tracks: readonly Track[], width: number, now: number): Axis {
  const found = findBursts(tracks, now);
  // All of them lie within the width: what is beyond it cannot be seen.
  const gap = Math.min(BREAK_WIDTH, (width * MOST_GAPS) / Math.max(found.length - 1, 1));
  const room = width - gap * Math.max(found.length - 1, 0);
  const least = Math.min(LEAST_WIDTH, room / Math.max(found.length, 1));
  const spare = room - least * found.length;
  const total = found.reduce((sum, { from, to }) => sum + Math.max(to - from, 1), 0);
  let x = 0;
  const bursts = found.map(({ from, to }): Burst => {
    const burst = { from, to, x, width: least + (spare * Math.max(to - from, 1)) / total };
    x += burst.width + gap;
    return burst;
  });
  return { bursts, x: (time) => place(bursts, time) };
}

function place(bursts: readonly Burst[], time: number): number {
  const burst = bursts.findLast(({ from }) => from <= time) ?? bursts[0];
  if (!burst) return 0;
  const share = (time - burst.from) / Math.max(burst.to - burst.from, 1);
  return burst.x + burst.width * Math.min(Math.max(share, 0), 1);
}
