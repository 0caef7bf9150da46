import type { AdapterFactory } from "../../contract/adapter.ts";
import type { ParserOptions } from "../postgres/parsers.ts";
import { PgAdapter } from "./adapter.ts";
import type { PgClientClass, PostgresFunction } from "./driver.ts";

export type { PgClientClass, PgConfig, PostgresFunction, PostgresJsOptions } from "./driver.ts";

/** One of the two drivers. */
export type PostgresOptions = (WithPg | WithPostgresJs) & SharedOptions;

export interface WithPg {
  /** `Client` of `pg`, 8.11 or later. */
  readonly Client: PgClientClass;
  readonly postgres?: undefined;
}

export interface WithPostgresJs {
  /** The function that postgres.js is, 3.4 or later. */
  readonly postgres: PostgresFunction;
  readonly Client?: undefined;
}

export interface SharedOptions {
  /**
   * TLS, as the driver takes it: `true`, `false`, or options of Node's `tls.connect()`, such as `{ ca }`. Default: what the
   * URL says (`sslmode=…`), by the driver's rules.
   */
  readonly ssl?: boolean | object | undefined;
  /**
   * How values are read, by the OID or the name of their type; lists of a type are read item by item. Names are looked up in
   * the first flight: `{ jsonb: (text) => text, numeric: Number, "shop.mood": toMood }`. Default: see `postgres()`.
   */
  readonly parsers?: ParserOptions | undefined;
  /**
   * The URL leads to a pooler that lends a session for each transaction: settings are local to each, each begins with a reset,
   * and what needs a session is refused. Default: whether the URL has `pgbouncer=true`, or its host is one of Hyperdrive's,
   * Neon's or Supabase's poolers.
   */
  readonly pooled?: boolean | undefined;
  /**
   * Longest pause between two statements of a transaction, in milliseconds. The server then ends it, so one whose request was
   * cut off does not keep its locks. Sent with BEGIN. 0 = the server's own limit. Default 60_000, or the URL's value.
   */
  readonly idleInTransactionMs?: number | undefined;
  /** Longest wait for the server's answer, in milliseconds; 0 = for ever. Default 300_000. */
  readonly answerTimeoutMs?: number | undefined;
}

/**
 * PostgreSQL over TCP, through the user's `pg` or postgres.js: `postgresql://user:password@host:5432/database`.
 *
 * - Statements issued in one tick share a round trip, and so do BEGIN, settings and the reset of a reused connection with the
 *   first of them.
 * - Integers beyond 2^53-1 come back as `bigint`, `bytea` as Uint8Array, `timestamptz` as Date, arrays as arrays, `json` and
 *   `jsonb` as values; each binds again. `numeric`, intervals, `date` and `timestamp` come back as PostgreSQL's text; see `parsers`.
 * - `statement_timeout`, `lock_timeout`, `search_path` and `options=-c …` of the URL are sent as SQL: poolers drop them.
 * - In Workers a socket lives as long as its request; through Hyperdrive: `createDatabase(() => env.DB.connectionString, …)`.
 *
 * Source: https://node-postgres.com
 *
 * @throws TypeError for an invalid option.
 * @example
 * import { createDatabase } from "isopool";
 * import { postgres } from "isopool/postgres";
 * import { Client } from "pg";
 *
 * const db = createDatabase("postgresql://ada:secret@localhost/shop", { adapters: [postgres({ Client })] });
 */
export function postgres(options: PostgresOptions): AdapterFactory {
  const { idleInTransactionMs, answerTimeoutMs } = options;
  const { Client, postgres: js } = options as { readonly Client?: unknown; readonly postgres?: unknown };
  if ((Client === undefined) === (js === undefined))
    throw new TypeError("Expected either `Client` of pg or `postgres` of postgres.js");
  for (const [name, part] of Object.entries({ Client, postgres: js }))
    if (part !== undefined && typeof part !== "function")
      throw new TypeError(`Expected \`${name}\` of the driver to be a function, got \`${typeof part}\``);
  for (const [name, value = 0] of Object.entries({ idleInTransactionMs, answerTimeoutMs }))
    if (!Number.isInteger(value) || value < 0)
      throw new TypeError(`Expected \`${name}\` to be an integer >= 0, got \`${value}\``);
  // With their names: a value must not pass for that of another option.
  const identity = Object.entries(options)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flat();
  const create: AdapterFactory["create"] = (source) => new PgAdapter(options, source);
  return { dialect: "postgres", schemes: ["postgres", "postgresql"], identity, create };
}
