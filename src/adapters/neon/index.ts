import type { AdapterFactory } from "../../contract/adapter.ts";
import { parseAddress } from "../postgres/address.ts";
import { NeonAdapter } from "./adapter.ts";
import type { ClientClass, NeonFunction, NeonSettings } from "./driver.ts";
import { HttpAdapter } from "./http-adapter.ts";
import { type LoginOptions, toFactory } from "./login.ts";

export type { ClientClass, ClientConfig, NeonFunction, NeonSettings } from "./driver.ts";

export interface NeonOptions extends LoginOptions {
  /** `neon` of `@neondatabase/serverless`, 1.2 or later: sends what travels over HTTP. */
  readonly neon: NeonFunction;
  /** `Client` of the same import: opens WebSockets. */
  readonly Client: ClientClass;
  /**
   * Settings of the driver for this database alone: `{ wsProxy, fetchEndpoint, webSocketConstructor, … }`. Default: the
   * driver's own `neonConfig`, which all databases share. Node before 22 needs `webSocketConstructor`, the class of `ws`.
   */
  readonly neonConfig?: NeonSettings | undefined;
  /**
   * `auto`: lone statements, `batch()` and `autocommit` over HTTP, one round trip each; a session that needs a transaction
   * opens a WebSocket with its first statement. `http`: no interactive transactions. `ws`: everything over WebSocket.
   * Default `auto`.
   */
  readonly transport?: "auto" | "http" | "ws" | undefined;
  /**
   * Longest time that a transaction may wait between two statements, in milliseconds; the server ends it then, so that one
   * whose request was cut off holds no locks. Travels with BEGIN. 0 = the server's own limit. Default 60_000, or what the
   * URL says.
   */
  readonly idleInTransactionMs?: number | undefined;
}

/**
 * PostgreSQL at Neon, by `@neondatabase/serverless`: `postgresql://user:password@ep-….neon.tech/database`.
 *
 * - A session connects, logs in, begins its transaction and runs its first statement in two round trips; statements asked
 *   for in one tick share one.
 * - Integers beyond 2^53-1 come as `bigint`, `bytea` as Uint8Array, `timestamptz` as Date, arrays as lists, `json` and `jsonb`
 *   as values; each binds again. `numeric`, intervals, `date` and `timestamp` come as the text that PostgreSQL writes; see `parsers`.
 * - Over HTTP each request has a session of its own: `setup` rides ahead of each, and what would set one up as text is
 *   refused; with `auto` it opens the WebSocket.
 * - `statement_timeout`, `lock_timeout`, `search_path` and `options=-c …` of the URL are sent as SQL: Neon drops them.
 *
 * Source: https://neon.com/docs/serverless/serverless-driver
 *
 * @throws TypeError for a wrong option.
 */
export function neon(options: NeonOptions): AdapterFactory {
  const { neon: query, Client, transport = "auto", authToken, idleInTransactionMs, answerTimeoutMs } = options;
  if (!["auto", "http", "ws"].includes(transport))
    throw new TypeError(`Expected \`transport\` to be "auto", "http" or "ws", got \`${transport}\``);
  return toFactory({ neon: query, Client }, { idleInTransactionMs, answerTimeoutMs }, options, (source) => {
    // A token is for HTTP: without a password there is no other way.
    const isToken = transport === "auto" && authToken !== undefined && !parseAddress(source.url).password;
    return transport === "http" || isToken ? new HttpAdapter(options, source) : new NeonAdapter(options, source);
  });
}
