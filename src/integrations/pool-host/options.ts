import type { AdapterFactory, DatabaseOptions, PoolOptions, UrlSource } from "../../index.ts";
import { checkNames } from "../../option-names.ts";
import { checkNumber } from "../../pool/options.ts";

/** What a pool host is made with. Times are in milliseconds. */
export interface PoolHostOptions extends Pick<
  DatabaseOptions,
  "setup" | "afterConnection" | "afterFirstConnection" | "checkActiveConnection" | "onEvent" | "stacks"
> {
  /** Of the database: `env.DATABASE_URL`. */
  readonly url: UrlSource;
  /** `postgres({ Client })`, or `neon({ neon, Client, transport: "ws" })`. */
  readonly adapter: AdapterFactory;
  /** Its `max` bounds the connections of all sessions together; its `acquireTimeoutMs` and `maxWaiting` bound the queue. */
  readonly pool?: PoolOptions | undefined;
  /**
   * Longest pause between two flights of a session that has something on a connection: a transaction, a stream, a setting. Then
   * it is rolled back, and its next statement fails with `CONNECTION_LOST`. Default 15_000.
   */
  readonly leaseMs?: number | undefined;
  /** How long a statement may go on whose client is gone; then it is cancelled, and its connection closed. Default 1_000. */
  readonly graceMs?: number | undefined;
}

/** With every default filled in. */
export type CheckedOptions = PoolHostOptions & { readonly leaseMs: number; readonly graceMs: number };

const NAMES: readonly string[] = [
  "url",
  "adapter",
  "pool",
  "leaseMs",
  "graceMs",
  "setup",
  "afterConnection",
  "afterFirstConnection",
  "checkActiveConnection",
  "onEvent",
  "stacks",
] satisfies (keyof PoolHostOptions)[];

/** @throws TypeError that names the option. */
export function checkOptions(options: PoolHostOptions): CheckedOptions {
  checkNames(options, NAMES, "a pool host");
  const { adapter, leaseMs = 15_000, graceMs = 1_000 } = options;
  if (typeof adapter?.create !== "function")
    throw new TypeError("Expected `adapter` to be an adapter: `postgres({ Client })`");
  if (adapter.dialect !== undefined && adapter.dialect !== "postgres")
    throw new TypeError(`Expected \`adapter\` to be one for PostgreSQL, got one for \`${adapter.dialect}\``);
  return { ...options, leaseMs: checkNumber("leaseMs", leaseMs), graceMs: checkNumber("graceMs", graceMs) };
}
