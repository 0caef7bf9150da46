// For users who name no such `lib`.
/// <reference lib="esnext.disposable" preserve="true" />

import type { Params, Result, Row } from "../contract/statement.ts";
import { DbError } from "../errors.ts";
import type { DeadlineOptions } from "./deadline.ts";
import { end, type Part } from "./ending.ts";
import { type Link, toSetup } from "./link.ts";
import type { Queryable } from "./queryable.ts";
import { copyInput, type StatementInput, toStatement } from "./statement.ts";
import { asyncDisposable } from "../dispose.ts";

/** The session through which a connection is used. */
export interface ConnectionUser extends Part, Pick<Queryable, "query"> {
  readonly connectionName: string;
}

/**
 * One physical connection, as passed to hooks and returned by `getConnection()`. Valid until its session returns it; once
 * detached it belongs to the caller, until `close()`.
 */
export class Connection implements AsyncDisposable {
  #user: ConnectionUser;
  readonly #link: Link;
  /** For one that is the caller's own: makes a session of nothing but this connection, in the state that it is in. */
  readonly #toUser: (() => ConnectionUser) | undefined;
  /** A session has had it since: what is known here of its transaction is out of date. */
  #wasLent = false;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(user: ConnectionUser, link: Link, toUser?: () => ConnectionUser) {
    this.#user = user;
    this.#link = link;
    this.#toUser = toUser;
  }

  get name(): string {
    return this.#user.connectionName;
  }

  /** The driver's own handle, for what isopool does not wrap: a sql.js `Database`, a Neon `Client`. */
  get raw(): unknown {
    return (this.#toUser && !this.#closing ? this.#link : this.#held()).driver.raw;
  }

  /** Runs one statement on it, as `session.query()` does. */
  query<R = Row>(text: string, params?: Params, options?: DeadlineOptions): Promise<Result<R>> {
    try {
      this.#held();
      return this.#user.query<R>(text, params, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Queues statements to precede the connection's next flight: for hooks, at no extra round trip. */
  queue(...statements: readonly StatementInput[]): void {
    const { setup, origin } = this.#held();
    setup.push(...toSetup(statements.map((each) => toStatement(copyInput(each), origin.adapter, "setup"))));
  }

  /** Closes a detached connection; `session.close()` closes one that a session holds. */
  async close(): Promise<void> {
    // Refused while a session has it, which is not how it ended.
    return (this.#closing ??= this.#close(this.#own()));
  }

  declare readonly [Symbol.asyncDispose]: () => Promise<void>;
  static {
    asyncDisposable(this, function () {
      return this.close();
    });
  }

  /**
   * @internal Lends the caller's own connection to a session: until the session returns it, only one of the two may use it.
   * @throws TypeError if it is not the caller's own, if another session has it, or if its transaction cannot go on there.
   */
  bind({ unit, scope }: Part): Link {
    const link = this.#link;
    if (unit.holder.link === link && this.#toUser) return link;
    this.#held();
    this.#own();
    if (scope.isPlain && link.driver.state !== "idle")
      throw new TypeError("Expected a connection without an open transaction, as this session has none");
    link.isBound = this.#wasLent = true;
    return link;
  }

  async #close({ driver }: Link): Promise<void> {
    this.#renew();
    await end(this.#user, "done");
    await driver.close();
  }

  #own(): Link {
    if (!this.#toUser) throw new TypeError("Expected a connection of your own, from detach()");
    if (this.#link.isBound)
      throw new TypeError("Expected a connection that no session holds: use setConnection(null) there first");
    return this.#link;
  }

  /** Its transaction, as the session that had it has left it. */
  #renew(): void {
    if (!this.#wasLent || this.#closing || this.#link.driver.state === "closed") return;
    const { streams } = this.#user.unit.holder;
    this.#user = this.#toUser!();
    for (const stream of streams) this.#user.unit.holder.streams.add(stream);
    this.#wasLent = false;
  }

  #held(): Link {
    const link = this.#link;
    if (this.#toUser) {
      this.#own();
      this.#renew();
    }
    if (this.#user.unit.holder.link === link) return link;
    throw new DbError("SESSION_CLOSED", "this connection was closed or returned", { session: this.name });
  }
}
