import type { Params, Result, Row } from "../contract/statement.ts";
import { DbError } from "../errors.ts";
import type { DeadlineOptions } from "./deadline.ts";
import type { Link } from "./link.ts";
import type { Session } from "./session.ts";
import { type StatementInput, toStatement } from "./statement.ts";

/**
 * One physical connection, as hooks and `getConnection()` hand it out. Good until its session gives it back; one that was
 * detached is the caller's, until `close()`.
 */
export class Connection implements AsyncDisposable {
  readonly #session: Session;
  readonly #link: Link;
  readonly #isDetached: boolean;

  /** @internal */
  constructor(session: Session, link: Link, isDetached = false) {
    this.#session = session;
    this.#link = link;
    this.#isDetached = isDetached;
  }

  get name(): string {
    return this.#session.connectionName;
  }

  /** The driver's own handle, for what isopool does not wrap: a sql.js `Database`, a Neon `Client`. */
  get raw(): unknown {
    return this.link().driver.raw;
  }

  /** Runs one statement on it, as `session.query()` does. */
  query<R = Row>(text: string, params?: Params, options?: DeadlineOptions): Promise<Result<R>> {
    return this.#session.query<R>(text, params as Readonly<Record<string, never>>, options);
  }

  /** Puts statements ahead of the connection's next flight: for hooks, where they cost no round trip of their own. */
  queue(...statements: readonly StatementInput[]): void {
    const link = this.link();
    link.queue(statements.map((statement) => toStatement(statement, link.source.adapter)));
  }

  /** Closes a connection that was detached. One that a session holds is closed by `session.close()`. */
  async close(): Promise<void> {
    const link = this.link();
    if (!this.#isDetached) throw new TypeError("Expected a detached connection: this one is closed by its session");
    await this.#session.close(null);
    await link.driver.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal */
  link(): Link {
    if (this.#session.holds(this.#link)) return this.#link;
    const session = this.#session.connectionName;
    throw new DbError("SESSION_CLOSED", "this connection went back to its pool: its session has given it back", { session });
  }
}
