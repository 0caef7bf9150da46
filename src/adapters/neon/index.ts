import type { AdapterFactory } from "../../contract/adapter.ts";
import { parseAddress } from "../postgres/address.ts";
import { NeonAdapter } from "./adapter.ts";
import type { ClientClass, NeonFunction, NeonSettings } from "./driver.ts";
import { HttpAdapter } from "./http-adapter.ts";
import { type LoginOptions, toFactory } from "./login.ts";

export type { ClientClass, ClientConfig, NeonFunction, NeonSettings } from "./driver.ts";

export interface NeonOptions extends LoginOptions {
  /** `neon` of `@neondatabase/serverless`, 1.0 or later: sends requests over HTTP. */
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
   * Longest pause between two statements of a transaction, in milliseconds. The server then ends it, so one whose request was
   * cut off does not keep its locks. Sent with BEGIN. 0 = the server's own limit. Default 60_000, or the URL's value.
   */
  readonly idleInTransactionMs?: number | undefined;
}

/**
 * PostgreSQL at Neon, through `@neondatabase/serverless`: `postgresql://user:password@ep-….neon.tech/database`.
 *
 * - A session connects, logs in, begins its transaction and runs its first statement in two round trips; statements
 *   issued in one tick share one.
 * - Integers beyond 2^53-1 come back as `bigint`, `bytea` as Uint8Array, `timestamptz` as Date, arrays as arrays, `json` and
 *   `jsonb` as values; each binds again. `numeric`, intervals, `date` and `timestamp` come back as PostgreSQL's text; see `parsers`.
 * - Over HTTP each request has a session of its own: `setup` precedes each, and statements that leave state in a session are
 *   refused; with `auto` they open the WebSocket.
 * - `statement_timeout`, `lock_timeout`, `search_path` and `options=-c …` of the URL are sent as SQL: Neon drops them.
 *
 * Source: https://neon.com/docs/serverless/serverless-driver
 *
 * @throws TypeError for an invalid option.
 * @example
 * import { Client, neon as query } from "@neondatabase/serverless";
 *
 * const db = createDatabase(url, { adapters: [neon({ neon: query, Client })] });
 */
export function neon(options: NeonOptions): AdapterFactory {
  const { neon: query, Client, transport = "auto", authToken, idleInTransactionMs, answerTimeoutMs } = options;
  if (!["auto", "http", "ws"].includes(transport))
    throw new TypeError(`Expected \`transport\` to be "auto", "http" or "ws", got \`${transport}\``);
  return toFactory({ neon: query, Client }, { idleInTransactionMs, answerTimeoutMs }, options, (source) => {
    // A token works over HTTP only: without a password there is no other way.
    const isToken = transport === "auto" && authToken !== undefined && !parseAddress(source.url).password;
    return transport === "http" || isToken ? new HttpAdapter(options, source) : new NeonAdapter(options, source);
  });
}
