import type { AdapterFactory } from "../../contract/adapter.ts";
import { ClientAdapter } from "./client-adapter.ts";
import type { CreateClient } from "./client-driver.ts";
import type { LibsqlOptions } from "./index.ts";

export type {
  ClientConfig,
  ClientResult,
  ClientStatement,
  CreateClient,
  LibsqlClient,
  LibsqlTransaction,
} from "./client-driver.ts";
export type { LibsqlOptions } from "./index.ts";
export type { Fetch, FetchInit, FetchResponse } from "./wire.ts";

export interface LibsqlClientOptions extends LibsqlOptions {
  /** `createClient` of `@libsql/client/http` or `/web`, 0.17 or later: older ones do not say which statement of a batch failed. It is called for each connection. */
  readonly createClient: CreateClient;
}

/**
 * libSQL and Turso through the user's own `@libsql/client`: for a fork, a patched client, its logging. `libsql()` of `isopool/libsql` needs no client.
 *
 * It cannot stream, keeps no settings, shares no requests, and sends statements outside a transaction one by one. After any error in a transaction only a
 * rollback is allowed: the client does not notice when the database has ended a transaction. All else is as with `libsql()`.
 *
 * @throws TypeError without a `createClient`.
 * Source: https://github.com/tursodatabase/libsql-client-ts
 *
 * @example
 * import { createClient } from "@libsql/client/web";
 *
 * const db = createDatabase("libsql://shop.example", { adapters: [libsqlClient({ createClient, authToken })] });
 */
export function libsqlClient(options: LibsqlClientOptions): AdapterFactory {
  const { createClient, fetch, authToken } = Object(options) as Partial<LibsqlClientOptions>;
  if (typeof createClient !== "function")
    throw new TypeError("libsqlClient() needs `createClient` of @libsql/client: libsqlClient({ createClient })");
  return {
    dialect: "sqlite",
    schemes: ["libsql", "https", "http"],
    identity: [fetch, authToken, createClient],
    create: (source) => new ClientAdapter(options, source),
  };
}
