import type Libsql from "libsql";

export type Engine = InstanceType<typeof Libsql>;

/** One client's connection to the database. */
export class Stream {
  readonly id: bigint;
  /** Counted from 1, for people. */
  readonly number: number;
  readonly storedSql: Map<number, string> = new Map();
  /** Number of the next baton: each is good for one request. */
  sequence: bigint;
  /** True while a request works on it. */
  isTaken = true;
  /** True once a statement has set something of the session. */
  hasState = false;
  /** True once a cursor was opened: its baton was out before it was known what the stream would hold. */
  hadCursor = false;
  /** Settles when the running cursor has ended. */
  cursor: Promise<void> = Promise.resolve();
  isWriter = false;
  /** When its transaction began, in milliseconds; 0 = there is none. */
  transactionSince = 0;
  /** True when its transaction was rolled back for another writer, and its client does not know yet. */
  wasRobbed = false;
  expiry: NodeJS.Timeout | undefined;
  #engine: Engine | undefined;

  constructor(id: bigint, number: number, sequence: bigint, engine: Engine) {
    this.id = id;
    this.number = number;
    this.sequence = sequence;
    this.#engine = engine;
  }

  get isClosed(): boolean {
    return this.#engine === undefined;
  }

  get engine(): Engine {
    if (this.#engine === undefined) throw new Error("the stream was closed");
    return this.#engine;
  }

  get isInTransaction(): boolean {
    return this.#engine?.inTransaction ?? false;
  }

  /** Whether its client would miss something if it were gone. */
  get isNeeded(): boolean {
    return this.hadCursor || this.hasState || this.storedSql.size > 0 || this.isInTransaction;
  }

  rollBack(): void {
    if (this.isInTransaction) this.engine.exec("ROLLBACK");
    this.isWriter = false;
    this.transactionSince = 0;
  }

  close(): void {
    if (this.isClosed) return;
    clearTimeout(this.expiry);
    this.rollBack();
    this.engine.close();
    this.#engine = undefined;
  }
}
