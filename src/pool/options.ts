/** How a pool behaves. Every time is in milliseconds; `Infinity` = no limit. */
export interface PoolOptions {
  /** Most connections open at once. Integer >= 1. Default 10, or what the runtime says. */
  readonly max?: number | undefined;
  /** Most connections kept idle; 0 = never pool. Integer >= 0. Default `max`. */
  readonly maxIdle?: number | undefined;
  /** Longest wait for a connection; 0 = only what can be had at once. Default 5_000. */
  readonly acquireTimeoutMs?: number | undefined;
  /** Longest time that one open, one validation or one close may take. Default 10_000. */
  readonly openTimeoutMs?: number | undefined;
  /** A connection idle for this long is not lent again. Default 30_000. */
  readonly idleMs?: number | undefined;
  /** A connection older than this is not lent again; each gets up to a tenth less, so that they do not all end together. Default 1_800_000. */
  readonly maxLifetimeMs?: number | undefined;
  /** How often one connection is lent at most. Integer >= 1. Default `Infinity`. */
  readonly maxUses?: number | undefined;
  /** A connection idle for less is trusted; past that it is validated before it is lent. Default 1_000. */
  readonly validateAfterMs?: number | undefined;
  /** Most callers in line beyond what `max` can serve; 0 = nobody waits for another to finish. Integer >= 0. Default `Infinity`. */
  readonly maxWaiting?: number | undefined;
  /** A lease held for longer is reported, once; 0 = off. Default 0. */
  readonly leakMs?: number | undefined;
}

/** Pool options with every default filled in. */
export type CheckedPoolOptions = { readonly [Name in keyof PoolOptions]-?: number };

/**
 * Fills in the defaults.
 *
 * @param maxConnections - default of `max`.
 * @throws TypeError that names the option, what it may be, and what it was.
 */
export function checkPoolOptions(options: PoolOptions = {}, maxConnections = 10): CheckedPoolOptions {
  const time = (name: keyof PoolOptions, usual: number): number => checkNumber(name, options[name] ?? usual);
  const count = (name: keyof PoolOptions, usual: number, least: number): number =>
    checkNumber(name, options[name] ?? usual, least, usual < Infinity ? "an integer" : "an integer or Infinity,");
  const max = count("max", maxConnections, 1);
  return {
    max,
    maxIdle: count("maxIdle", max, 0),
    acquireTimeoutMs: time("acquireTimeoutMs", 5_000),
    openTimeoutMs: time("openTimeoutMs", 10_000),
    idleMs: time("idleMs", 30_000),
    maxLifetimeMs: time("maxLifetimeMs", 1_800_000),
    maxUses: count("maxUses", Infinity, 1),
    validateAfterMs: time("validateAfterMs", 1_000),
    maxWaiting: count("maxWaiting", Infinity, 0),
    leakMs: time("leakMs", 0),
  };
}

/** @throws TypeError when `value` is not a number of its kind, or less than `least`. */
export function checkNumber(name: string, value: unknown, least = 0, kind = "a number"): number {
  const isKind = kind === "a number" || Number.isInteger(value) || (value === Infinity && kind.includes("Infinity"));
  if (typeof value === "number" && isKind && value >= least) return value;
  throw new TypeError(`Expected \`${name}\` to be ${kind} >= ${least}, got \`${String(value)}\``);
}
