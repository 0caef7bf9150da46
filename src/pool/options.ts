import type { PoolEvent } from "../contract/events.ts";
import type { Runtime } from "../contract/runtime.ts";
import { checkNames } from "./option-names.ts";

/** How a pool behaves. Times are in milliseconds; `Infinity` = no limit. */
export interface PoolOptions {
  /** Most connections open at once. Integer >= 1. Default 10, or what the runtime says. */
  readonly max?: number | undefined;
  /** Most connections kept idle; 0 = never pool. Integer >= 0. Default: as many as `max`. */
  readonly maxIdle?: number | undefined;
  /** Longest wait for a connection; 0 = none. Default 5_000. */
  readonly acquireTimeoutMs?: number | undefined;
  /**
   * Longest time that one open, one validation or one close may take; no longer than `acquireTimeoutMs` where those for whom it
   * was begun are gone, and others wait for its place. An open that was ended by that is followed by one with its whole time.
   * Default 10_000.
   */
  readonly openTimeoutMs?: number | undefined;
  /** A connection idle for this long is closed; the timer for it keeps no process alive, where the clock can `unref`. Default 30_000. */
  readonly idleMs?: number | undefined;
  /** A connection this old is not lent again; each lives up to a tenth less, so that they do not end together. Default 1_800_000. */
  readonly maxLifetimeMs?: number | undefined;
  /** How often one connection is lent at most. Integer >= 1. Default `Infinity`. */
  readonly maxUses?: number | undefined;
  /** A connection idle for less is trusted; past that it is validated before it is lent. Default 1_000. */
  readonly validateAfterMs?: number | undefined;
  /** Most callers in line beyond those whom `max` can serve; 0 = nobody waits for another. Integer >= 0. Default `Infinity`. */
  readonly maxWaiting?: number | undefined;
  /** A lease held for this long is reported, once; 0 = off. Default 0. */
  readonly leakMs?: number | undefined;
}

/** What a pool can be told besides. */
export interface ConnectionPoolOptions extends PoolOptions {
  /** Its clock, and its default of `max`. Default: the system's clock, and 10. */
  readonly runtime?: Runtime | undefined;
  /** Told what happens; what it throws is ignored. */
  readonly onEvent?: ((event: PoolEvent) => void) | undefined;
  /** Keep the stack of every acquire for leak and deadlock reports; costs a few microseconds each. Default `false`. */
  readonly stacks?: boolean | undefined;
  /** For messages. Default `"pool"`. */
  readonly name?: string | undefined;
}

const OTHERS: readonly string[] = ["runtime", "onEvent", "stacks", "name"];

/** Pool options with every default filled in. */
export type CheckedPoolOptions = { -readonly [Name in keyof PoolOptions]-?: number };

/**
 * Fills in the defaults.
 *
 * @param maxConnections - default of `max`.
 * @param others - what else may stand with them.
 * @throws TypeError that names the option, what it may be, and what it was.
 */
export function checkPoolOptions(
  options: PoolOptions = {},
  maxConnections = 10,
  others: readonly string[] = OTHERS,
): CheckedPoolOptions {
  const checked: CheckedPoolOptions = {
    max: maxConnections,
    maxIdle: Infinity,
    acquireTimeoutMs: 5_000,
    openTimeoutMs: 10_000,
    idleMs: 30_000,
    maxLifetimeMs: 1_800_000,
    maxUses: Infinity,
    validateAfterMs: 1_000,
    maxWaiting: Infinity,
    leakMs: 0,
  };
  checkNames(options, [...Object.keys(checked), ...others], "a pool");
  for (const name of Object.keys(checked) as (keyof PoolOptions)[])
    checked[name] = checkNumber(name, options[name] ?? checked[name]);
  return checked;
}

/** @throws TypeError when `value` cannot be meant: a time (`…Ms`) is a number, all else a whole one. */
export function checkNumber(
  name: string,
  value: unknown,
  least: number = name === "max" || name === "maxUses" ? 1 : 0,
): number {
  const isTime = name.endsWith("Ms");
  if (typeof value === "number" && value >= least && (isTime || !(value % 1 > 0))) return value;
  throw new TypeError(
    `Expected \`${name}\` to be ${isTime ? "a number" : "an integer"} >= ${least}, got \`${String(value)}\``,
  );
}
