import type { RawResult, Row } from "../contract/statement.ts";
import type { DeadlineOptions } from "./deadline.ts";
import { Queryable, type StreamRowsOptions } from "./queryable.ts";
import type { SessionOptions } from "./run-session.ts";
import type { Session, Work } from "./session.ts";
import type { Carry } from "./sql-query.ts";
import type { StatementInput } from "./statement.ts";

/** Whoever begins sessions: a Database. */
interface Beginner {
  readonly carry: Carry | undefined;
  session<T>(work: Work<T>, options: SessionOptions): Promise<T>;
  open(options: SessionOptions): Session;
}

/** Every statement a session of its own, whatever is current; one statement is atomic, and needs no transaction around it. */
export class Autocommit extends Queryable {
  readonly #database: Beginner;

  constructor(database: Beginner) {
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
    finish: (results: RawResult[]) => T,
    options?: DeadlineOptions,
  ): Promise<T> {
    return this.#database.session((session) => session.submit(kind, inputs, finish, options), { transaction: false });
  }

  override async *stream<R = Row>(
    statement: StatementInput,
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
