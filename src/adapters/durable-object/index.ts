import type { AdapterFactory } from "../../contract/adapter.ts";
import { ObjectAdapter } from "./adapter.ts";
import type { ObjectStorage } from "./driver.ts";
import { checkNames } from "../../option-names.ts";

export type { ObjectStorage } from "./driver.ts";

export interface DurableObjectOptions {
  /**
   * Longest time that a transaction may be open, in milliseconds: then it is rolled back, and its session gets
   * `TRANSACTION_LOST`. No other event of the object is handled meanwhile. From 1 to 25_000: at 30_000, Cloudflare resets the
   * object. Default 10_000.
   */
  readonly transactionTimeoutMs?: number | undefined;
}

/**
 * SQLite in the storage of a Durable Object: `do:`, or `do:<name>` with a name of your choice for events and messages.
 *
 * - Statements are local calls. A transaction is one of the storage's own, and savepoints are transactions inside it.
 * - While a transaction is open, no other event of the object is handled, timers of before included: keep slow work out of it.
 * - Sessions take turns. A transaction that is open for too long is rolled back, so that one that hangs keeps nobody waiting.
 * - Foreign keys that are checked at COMMIT cost a look at their tables there.
 * - `connection.raw` is the storage: `getCurrentBookmark()`, `onNextSessionRestoreBookmark()`.
 *
 * @param storage - returns the object's storage: `() => this.ctx.storage`. Asked whenever a session begins, so that one Database may
 *   serve all objects of an isolate: then it returns the storage of the object whose code runs.
 * @throws TypeError for an invalid argument.
 * @example
 * class Room extends DurableObject {
 *   db = createDatabase("do:", { adapters: [durableObject(() => this.ctx.storage)] });
 * }
 */
export function durableObject(storage: () => ObjectStorage, options: DurableObjectOptions = {}): AdapterFactory {
  checkNames(options, ["transactionTimeoutMs"] satisfies (keyof DurableObjectOptions)[], "durableObject()");
  const { transactionTimeoutMs = 10_000 } = options;
  if (typeof storage !== "function")
    throw new TypeError(`Expected \`storage\` to be a function, \`() => ctx.storage\`, got \`${typeof storage}\``);
  if (!(transactionTimeoutMs >= 1 && transactionTimeoutMs <= 25_000))
    throw new TypeError(`Expected \`transactionTimeoutMs\` to be from 1 to 25000, got \`${transactionTimeoutMs}\``);
  return {
    dialect: "sqlite",
    schemes: ["do"],
    identity: [storage, transactionTimeoutMs],
    create: (source) => new ObjectAdapter(storage, transactionTimeoutMs, source),
  };
}
