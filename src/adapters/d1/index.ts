import type { AdapterFactory } from "../../contract/adapter.ts";
import { D1Adapter } from "./adapter.ts";
import type { D1Binding } from "./driver.ts";
import { checkNames } from "../../option-names.ts";

export type { D1Binding, D1Handle, D1Statement } from "./driver.ts";

export interface D1Options {
  /**
   * Begins D1's own session for what runs outside of transactions: `"first-primary"`, `"first-unconstrained"`, or a bookmark, as
   * of D1's `withSession()`; a function is called for each isopool session. Default: none, which is the primary.
   */
  readonly session?: string | (() => string | undefined) | undefined;
  /**
   * Tries each write of a transaction when it is asked for, at a request each, of which D1 keeps nothing: what it would change is known at
   * once, and so is why it fails. At COMMIT, the same must come of it. Kysely needs it: it asks for the count of each write. Default `false`.
   */
  readonly tryWrites?: boolean | undefined;
}

/**
 * Cloudflare D1: `d1:<name>`, with a name of your choice for events and messages.
 *
 * - Lone statements and `batch()` take one request. D1 has no BEGIN; a transaction of isopool reads at once and remembers what it saw,
 *   queues what it writes, and sends that at COMMIT as one request, which fails as a whole where what was read has changed:
 *   `QUERY_FAILED` of kind `serialization`, which `retry` does again. So it is serializable, and holds no lock.
 * - What a queued write changed is known behind COMMIT: asking for it before is `TRANSACTION_UNSUPPORTED`, and so are RETURNING, and
 *   a query of a table that the transaction itself has written. Send those with the commit: `session.commit(…)`.
 * - Integers are exact, beyond 2^53 as well: such an answer costs a second request, or is refused where it was a write's.
 * - `connection.raw` is the binding, or D1's session of it.
 *
 * @param binding - returns the binding, at each request: `() => env.DB`.
 * @throws TypeError for an invalid argument.
 * Source: https://developers.cloudflare.com/d1/worker-api/
 * @example
 * const db = createDatabase("d1:DB", { adapters: [d1(() => env.DB)], runtime: workers() });
 */
export function d1(binding: () => D1Binding, options: D1Options = {}): AdapterFactory {
  checkNames(options, ["session", "tryWrites"] satisfies (keyof D1Options)[], "d1()");
  const { session, tryWrites } = options;
  if (typeof binding !== "function")
    throw new TypeError(`Expected \`binding\` to be a function, \`() => env.DB\`, got \`${typeof binding}\``);
  if (session !== undefined && typeof session !== "string" && typeof session !== "function")
    throw new TypeError(`Expected \`session\` to be a string or a function, got \`${typeof session}\``);
  if (tryWrites !== undefined && typeof tryWrites !== "boolean")
    throw new TypeError(`Expected \`tryWrites\` to be a boolean, got \`${typeof tryWrites}\``);
  return {
    dialect: "sqlite",
    schemes: ["d1"],
    identity: [binding, session, tryWrites ?? false],
    create: (source) => new D1Adapter(binding, options, source),
  };
}
