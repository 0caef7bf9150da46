import type { AdapterFactory } from "../../contract/adapter.ts";
import type { ClientClass, NeonFunction, NeonSettings } from "./driver.ts";
import { HttpAdapter } from "./http-adapter.ts";
import { type LoginOptions, toFactory } from "./login.ts";

export type { ClientClass, NeonFunction, NeonSettings } from "./driver.ts";

export interface NeonHttpOptions extends LoginOptions {
  /** `neon` of `@neondatabase/serverless`, 1.0 or later. */
  readonly neon: NeonFunction;
  /** Settings of the driver for this database alone. Default: the driver's own `neonConfig`, which all databases share. */
  readonly neonConfig?: Pick<NeonSettings, "fetchEndpoint" | "fetchFunction"> | undefined;
  /** `Client` of the same import: needed only with a `neonConfig`. */
  readonly Client?: ClientClass | undefined;
}

/**
 * PostgreSQL at Neon over HTTP alone: lone statements, `batch()` and `autocommit`, one round trip each. It is the half of
 * `neon()` that needs no WebSocket; it refuses interactive transactions.
 *
 * @throws TypeError for an invalid option.
 * @example
 * import { neon } from "@neondatabase/serverless";
 *
 * const db = createDatabase(url, { adapters: [neonHttp({ neon })] });
 */
export function neonHttp(options: NeonHttpOptions): AdapterFactory {
  const { neon, Client, neonConfig, answerTimeoutMs } = options;
  const parts = typeof neonConfig === "object" ? { neon, Client } : { neon };
  return toFactory(parts, { answerTimeoutMs }, options, (source) => new HttpAdapter(options, source));
}
