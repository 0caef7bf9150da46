import type { PoolEvent } from "../contract/events.ts";
import type { Runtime } from "../contract/runtime.ts";
import { checkNames } from "../option-names.ts";
import type { PoolSource } from "./source.ts";

/** How a pool behaves. Times are in milliseconds; `Infinity` = no limit. */
export interface PoolOptions {
  /** Most connections open at once. Integer >= 1. Default 10, or the runtime's own. */
  readonly max?: number | undefined;
  /** Most connections kept idle; 0 = never pool. Integer >= 0. Default: as many as `max`. */
  readonly maxIdle?: number | undefined;
  /** Longest wait for a connection; 0 = fail at once. Default 5_000. */
  readonly acquireTimeoutMs?: number | undefined;
  /**
   * Longest time for one open, validation or close; at most `acquireTimeoutMs` once its callers are gone and others wait for its
   * place. The open that follows one cut short by this gets the full time.
   * Default 10_000.
   */
  readonly openTimeoutMs?: number | undefined;
  /** A connection idle for this long is closed; its timer keeps no process alive if the clock has `unref`. Default 30_000. */
  readonly idleMs?: number | undefined;
  /** A connection this old is not lent again; up to a tenth less, at random, so they do not all expire together. Default 1_800_000. */
  readonly maxLifetimeMs?: number | undefined;
  /** Most times that one connection is lent. Integer >= 1. Default `Infinity`. */
  readonly maxUses?: number | undefined;
  /** A connection idle for less is trusted; past that it is validated before it is lent. Default 1_000. */
  readonly validateAfterMs?: number | undefined;
  /** Most callers that may wait for a connection to be released; 0 = none. Integer >= 0. Default `Infinity`. */
  readonly maxWaiting?: number | undefined;
  /** A lease held for this long is reported, once; 0 = off. Default 0. */
  readonly leakMs?: number | undefined;
}

/** Further options of a pool. */
export interface ConnectionPoolOptions extends PoolOptions {
  /** Its clock, and its default of `max`. Default: the system's clock, and 10. */
  readonly runtime?: Runtime | undefined;
  /** Receives every event; errors it throws are ignored. */
  readonly onEvent?: ((event: PoolEvent) => void) | undefined;
  /** Keep the stack of every acquire for leak and deadlock reports; costs a few microseconds each. Default `false`. */
  readonly stacks?: boolean | undefined;
  /** For messages. Default `"pool"`. */
  readonly name?: string | undefined;
}

const OTHERS: readonly string[] = ["runtime", "onEvent", "stacks", "name"];

/** Pool options with every default filled in. */
export type CheckedPoolOptions = { readonly [Name in keyof PoolOptions]-?: number };

/** Those that were checked last: ten thousand databases that are configured alike share them. */
let latest: CheckedPoolOptions | undefined;

/**
 * Fills in the defaults.
 *
 * @param maxConnections - default of `max`.
 * @param others - further names that are allowed.
 * @throws TypeError that names the option, the expected value and the actual one.
 */
export function checkPoolOptions(
  options: PoolOptions = {},
  maxConnections = 10,
  others: readonly string[] = OTHERS,
): CheckedPoolOptions {
  const checked = {
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
  const names = Object.keys(checked) as (keyof PoolOptions)[];
  for (const name of names) checked[name] = checkNumber(name, options[name] ?? checked[name]);
  return (latest = latest && names.every((name) => latest![name] === checked[name]) ? latest : checked);
}

/** The limit of a `dispose()`. @throws TypeError that names what is invalid. */
export function checkTimeout(options: { readonly timeoutMs?: number | undefined }): number {
  checkNames(options, ["timeoutMs"], "dispose()");
  return checkNumber("timeoutMs", options.timeoutMs ?? Infinity);
}

/** @throws TypeError for an invalid `value`: a time (`…Ms`) is a number, everything else an integer. */
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

/** @throws TypeError for what a pool could not call when the time has come: without `close`, nothing would be closed. */
export function checkSource(source: object): void {
  const { open, close, validate = open, isClosed = open } = Object(source) as Partial<PoolSource<never>>;
  for (const [name, given] of Object.entries({ open, close, validate, isClosed })) checkFunction(given, `\`${name}\``);
}

/** @throws TypeError for what cannot be called. */
export function checkFunction(given: unknown, what: string): void {
  if (typeof given !== "function") throw new TypeError(`Expected ${what} to be a function, got \`${typeof given}\``);
}
