import type { Params, Result, Row } from "../contract/statement.ts";
import { DbError } from "../errors.ts";
import type { DeadlineOptions } from "./deadline.ts";
import { type Link, toSetup } from "./link.ts";
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
  #closing: Promise<void> | undefined;

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
    return this.#held().driver.raw;
  }

  /** Runs one statement on it, as `session.query()` does. */
  query<R = Row>(text: string, params?: Params, options?: DeadlineOptions): Promise<Result<R>> {
    try {
      this.#held();
      return this.#session.query<R>(text, params, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Puts statements ahead of the connection's next flight: for hooks, where they cost no round trip of their own. */
  queue(...statements: readonly StatementInput[]): void {
    const { setup, source } = this.#held();
    setup.push(...toSetup(statements.map((statement) => toStatement(statement, source.adapter, "setup"))));
  }

  /** Closes a connection that was detached; one that a session holds is closed by `session.close()`. */
  async close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal The connection, if it is the caller's own. */
  ownLink(): Link {
    const link = this.#held();
    if (!this.#isDetached) throw new TypeError("Expected a connection of your own, from detach()");
    return link;
  }

  async #close(): Promise<void> {
    const { driver } = this.ownLink();
    await this.#session.close(null);
    await driver.close();
  }

  #held(): Link {
    if (this.#session.unit.link === this.#link) return this.#link;
    throw new DbError("SESSION_CLOSED", "this connection was closed, or given back", {
      session: this.name,
    });
  }
}
