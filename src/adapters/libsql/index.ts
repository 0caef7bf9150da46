import type { AdapterFactory, MaybePromise } from "../../contract/adapter.ts";
import { LibsqlAdapter } from "./adapter.ts";
import type { Fetch } from "./wire.ts";

export type { Fetch, FetchInit, FetchResponse } from "./wire.ts";

export interface LibsqlOptions {
  /** Sends the requests: a service binding, a tracer. Default: the platform's own `fetch`, looked up at each call. */
  readonly fetch?: Fetch | undefined;
  /** Takes precedence over a token in the URL. A function is called for each connection, and again when the server answers 401. */
  readonly authToken?: string | (() => MaybePromise<string>) | undefined;
}

/**
 * libSQL and Turso, over `fetch`: `libsql://shop.turso.io`, `https://…`, or `http://localhost:8080`; `libsql:` means https.
 *
 * - A connection is a name given by the server, plain data: in a Worker it outlives the request that opened it.
 * - A session's first statement opens the connection and begins the transaction in the same request.
 * - A transaction whose first statement writes, or that requests `read write`, begins IMMEDIATE, any other DEFERRED; each
 *   is serializable, whatever level it requests. isopool enforces `read only` by inspecting the statements.
 * - While the database is busy (BUSY at BEGIN, 429), a flight is retried for five seconds, with growing pauses.
 * - A Date binds as ISO text in UTC; a boolean as 1 or 0. `stream()` reads through a cursor: another statement of the session in
 *   between first reads it to the end.
 * - The server ends a transaction that is idle for ten seconds between two statements: `CONNECTION_LOST`.
 *
 * Source: https://github.com/tursodatabase/libsql/blob/main/docs/HRANA_3_SPEC.md
 *
 * @throws TypeError for a `createClient`.
 * @example
 * const db = createDatabase("libsql://shop.example", { adapters: [libsql({ authToken })] });
 */
export function libsql(options: LibsqlOptions = {}): AdapterFactory {
  const { fetch, authToken } = options;
  if ((options as { readonly createClient?: unknown }).createClient)
    throw new TypeError(
      "libsql() takes no `createClient`: use libsqlClient({ createClient }) of isopool/libsql-client",
    );
  return {
    dialect: "sqlite",
    schemes: ["libsql", "https", "http"],
    identity: [fetch, authToken],
    create: (source) => new LibsqlAdapter(options, source),
  };
}
