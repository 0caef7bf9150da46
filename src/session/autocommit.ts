import type { Row } from "../contract/statement.ts";
import type { Finish } from "./finish.ts";
import type { DeadlineOptions } from "./deadline.ts";
import { Queryable, type StreamRowsOptions } from "./queryable.ts";
import { type Beginner, ReadGroup, readsAs } from "./read-group.ts";
import type { Session } from "./session.ts";
import type { SessionOptions } from "./session-options.ts";
import type { Carry, SqlQuery } from "./sql-query.ts";
import { copyInput, type StatementInput } from "./statement.ts";

/** What begins sessions of one statement: a Database. */
interface Owner extends Beginner {
  readonly carry: Carry | undefined;
  open(options: SessionOptions): Session;
}

/** Every statement a session of its own, whatever is current; one statement is atomic, and needs no transaction around it. */
export class Autocommit extends Queryable {
  readonly #database: Owner;
  #reads: ReadGroup | undefined;

  constructor(database: Owner) {
    super();
    this.#database = database;
  }

  /** @internal */
  override get carry(): Carry | undefined {
    return this.#database.carry;
  }

  override submit<T>(
    kind: "query" | "batch",
    inputs: readonly StatementInput[],
    finish: Finish<T>,
    options?: DeadlineOptions,
  ): Promise<T> {
    const database = this.#database;
    // It may have to begin anew, or to wait for a URL.
    inputs = inputs.map(copyInput);
    const reads = kind === "query" ? readsAs(database, inputs[0]!) : undefined;
    // A read that is asked behind a write does not leave ahead of it.
    if (!reads) this.#reads = undefined;
    if (reads !== "shared" || (options?.signal ?? options?.timeoutMs) !== undefined)
      return database.lone((session) => session.submit(kind, inputs, finish, options));
    if (!this.#reads?.takes(database.context.current())) this.#reads = new ReadGroup(database);
    return this.#reads.ask(inputs, finish);
  }

  override stream<R = Row>(statement: SqlQuery<R> | StatementInput, options?: StreamRowsOptions): AsyncIterable<R> {
    const rows = this.#rows<R>(copyInput(statement), options);
    const steps = { next: () => this.carried(rows.next()), return: () => this.carried(rows.return()) };
    return { [Symbol.asyncIterator]: () => steps };
  }

  async *#rows<R>(
    statement: SqlQuery<R> | StatementInput,
    options?: StreamRowsOptions,
  ): AsyncGenerator<R, void, undefined> {
    const session = this.#database.open({ transaction: false });
    try {
      yield* session.stream<R>(statement, options);
    } finally {
      await session.close();
    }
  }
}
