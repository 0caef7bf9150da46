// What is used of a Durable Object's storage: `ctx.storage` of a class that is in `new_sqlite_classes`.

/** Of the adapter, for messages and events. */
export const NAME = "durable-object";

/** A `DurableObjectStorage`, as far as it is used. */
export interface ObjectStorage {
  readonly sql: {
    exec(text: string, ...values: never[]): object;
  };
  transaction<T>(work: (transaction: never) => Promise<T>): Promise<T>;
  transactionSync<T>(work: () => T): T;
  sync(): Promise<void>;
}

/** What `sql.exec()` returns. */
export interface ObjectCursor {
  readonly columnNames: readonly string[];
  raw(): Iterable<readonly unknown[]>;
}

/** What the callback of `transaction()` receives. */
export interface ObjectTransaction {
  rollback(): void;
}
