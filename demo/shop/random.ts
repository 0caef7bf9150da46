// Numbers that look random and are the same on every run, so that the shop is the same for everyone.

export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number;
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  /** One of `items`; the earlier ones are likelier when `skew` is above 1. */
  pick<T>(items: readonly T[], skew?: number): T;
  shuffle<T>(items: readonly T[]): T[];
}

/** mulberry32: 32 bits of state, enough for sample data. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    between,
    pick: (items, skew = 1) => items[Math.floor(next() ** skew * items.length)] as (typeof items)[number],
    shuffle: (items) => {
      const all = [...items];
      for (let at = all.length - 1; at > 0; at--) {
        const other = between(0, at);
        [all[at], all[other]] = [all[other] as (typeof all)[number], all[at] as (typeof all)[number]];
      }
      return all;
    },
  };
}
