import type { Transaction, TransactionBuilder } from "kysely";
import { isOurs } from "./adapters.ts";
import { type Lease, leaseOf } from "./lease.ts";

const ENTERED = Symbol.for("isopool.kysely.entered");

type Callback<DB, T> = (transaction: Transaction<DB>) => Promise<T>;

/**
 * Makes a transaction's session current for its callback, so that `db.sql` and other Kyselys belong to it. A dialect has no
 * say there: nothing of it is called around the callback. Transactions of other dialects are left as they are.
 */
export function enterTransactions({ prototype }: typeof TransactionBuilder): void {
  const patched = prototype as TransactionBuilder<unknown> & { [ENTERED]?: boolean };
  if (patched[ENTERED]) return;
  // oxlint-disable-next-line typescript/unbound-method -- called on whoever it was called on
  const { execute } = patched;
  Object.defineProperties(patched, {
    [ENTERED]: { value: true },
    execute: {
      value: function <DB, T>(this: TransactionBuilder<DB>, callback: Callback<DB, T>): Promise<T> {
        return execute.call(
          this as never,
          ((transaction: Transaction<DB>) => enter(transaction, callback)) as never,
        ) as Promise<T>;
      },
      configurable: true,
      writable: true,
    },
  });
}

async function enter<DB, T>(transaction: Transaction<DB>, callback: Callback<DB, T>): Promise<T> {
  const executor = transaction.getExecutor();
  if (!isOurs(executor.adapter)) return callback(transaction);
  const connection: object = await executor.provideConnection(async (provided) => provided);
  const lease: Lease | undefined = leaseOf(connection);
  return lease ? lease.session.enter(() => callback(transaction)) : callback(transaction);
}
