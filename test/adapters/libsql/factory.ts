import { libsqlClient, type CreateClient } from "../../../src/adapters/libsql/client-entry.ts";
import { libsql, type LibsqlOptions } from "../../../src/adapters/libsql/index.ts";
import type { AdapterFactory } from "../../../src/contract/adapter.ts";

/** Options of either adapter. */
export interface EitherOptions extends LibsqlOptions {
  readonly createClient?: CreateClient | undefined;
}

/** libSQL through the client that is given, else over `fetch`. */
export function libsqlOrClient({ createClient, ...options }: EitherOptions = {}): AdapterFactory {
  return createClient ? libsqlClient({ ...options, createClient }) : libsql(options);
}
