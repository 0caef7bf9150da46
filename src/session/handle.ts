import type { Result } from "../contract/statement.ts";
import { Command } from "./command.ts";
import { Connection } from "./connection.ts";
import { Cursor } from "./cursor.ts";
import { Queryable } from "./queryable.ts";
import type { Session } from "./session.ts";
import type { StatementInput } from "./statement.ts";
import type { SettleCallback } from "./unit.ts";

/** What is done with a session's pending work when it is closed; `null`: undecided, so rolled back. */
export type CloseAction = "commit" | "rollback" | null | ((session: Session) => unknown);

/** What is done with a session as a whole. A Session does it with itself, a Database with the session that is current. */
export abstract class Handle extends Queryable {
  /** @internal @throws DbError `SESSION_REQUIRED` */
  abstract require(): Session;

  /**
   * Commits, with the last statements in the same flight; the next statement begins anew.
   *
   * @returns the results of `last`.
   * @throws DbError `COMMIT_UNKNOWN` when the answer was lost; `ROLLBACK_ONLY` when a part of it failed.
   */
  commit(...last: readonly StatementInput[]): Promise<Result[]> {
    return this.carried(this.#commit(last));
  }

  async #commit(last: readonly StatementInput[]): Promise<Result[]> {
    return this.require().checkOpen("commit").keep(last);
  }

  /** Rolls back; the next statement begins anew. Sends nothing when nothing was executed. */
  rollback(): Promise<void> {
    return this.carried(this.#rollback());
  }

  async #rollback(): Promise<void> {
    const { unit, scope } = this.require().checkOpen("rollback");
    await unit.line.add(new Command("rollback", scope, [], () => undefined));
    scope.failure = undefined;
    unit.decide(scope, false);
  }

  /** Calls back after the session has ended, with no session bound, if what was done until then was committed. */
  onCommit(callback: SettleCallback): void {
    const { unit, scope } = this.require().checkOpen();
    unit.calls(scope, true, callback);
  }

  /** Calls back after the session has ended, with no session bound, if what was done until then was rolled back. */
  onRollback(callback: SettleCallback): void {
    const { unit, scope } = this.require().checkOpen();
    unit.calls(scope, false, callback);
  }

  /**
   * The session's connection; takes one when it has none yet, which is otherwise left to the first statement.
   *
   * @param options.usePool - `false`: one that is opened for it, never an idle one. Default true.
   */
  getConnection({ usePool = true }: { readonly usePool?: boolean } = {}): Promise<Connection> {
    return this.carried(this.#getConnection(usePool));
  }

  async #getConnection(usePool: boolean): Promise<Connection> {
    const session = this.require().checkOpen();
    const command = new Command("connect", session.scope, [], (_results, link) => new Connection(session, link));
    command.usePool = usePool;
    return session.unit.line.add(command);
  }

  /**
   * Binds a connection that the caller owns (from `detach()`); the session uses it and leaves it open. What was bound before
   * is rolled back and given back, so `null` leaves the session with none.
   *
   * @param options.runHooks - runs the database's connection hooks on it. Default false.
   * @throws TypeError for a connection that is not the caller's own, or that a session has already.
   */
  async setConnection(
    connection: Connection | null,
    { runHooks = false }: { readonly runHooks?: boolean } = {},
  ): Promise<void> {
    const { unit } = this.require().checkOpen("setConnection");
    const link = connection?.ownLink();
    await this.rollback();
    await unit.giveBack();
    if (!link) return;
    if (link.isBound)
      throw new TypeError("Expected a connection that no session has: use setConnection(null) there first");
    if (runHooks) await link.source.prepare(link, unit.owner);
    unit.adopt(link);
    link.isBound = true;
  }

  /**
   * Ends the session: settles what is pending, then gives the connection to the pool if it is clean and there is room.
   * The second call only waits for the first; without a connection the action is not run.
   *
   * @param action - default `commit`. `null`: undecided, a pending transaction is rolled back.
   * @param options.really - closes the connection instead of pooling it. Default false.
   * @throws what the action throws, after the connection was closed; TypeError for an unknown action, with nothing done.
   */
  async close(action: CloseAction = "commit", { really = false }: { readonly really?: boolean } = {}): Promise<void> {
    checkAction(action);
    const session = this.require();
    const { unit } = session;
    if (unit.closing || unit.root.end) return unit.closing;
    session.checkOpen("close");
    const closing = unit.root.hold(settle(session, action).then(() => unit.end("done", really)));
    unit.closing = closing.catch(() => undefined);
    return closing;
  }

  /** `close()`, which commits, then `getConnection()`: also revives a session that was closed by hand. */
  async reconnect(): Promise<Connection> {
    const session = this.require();
    const { unit } = session;
    await unit.closing;
    // What `db.session()` has ended stays ended.
    if (!unit.isSettled) unit.revive();
    session.checkOpen("reconnect");
    await settle(session, "commit");
    await unit.giveBack();
    return session.getConnection();
  }

  /** The session's cursor: DB-API style reading. */
  get cursor(): Cursor {
    const session = this.require();
    return (session.lastCursor ??= new Cursor(session));
  }

  /** A new cursor for the same connection; the old one keeps its rows. */
  resetCursor(): Cursor {
    const session = this.require();
    return (session.lastCursor = new Cursor(session));
  }
}

// An action that fails ends the session, and closes its connection.
async function settle(session: Session, action: CloseAction): Promise<void> {
  const { unit } = session;
  try {
    await unit.line.idle();
    if (typeof action !== "function") {
      if (action) await session[action]();
    } else if (unit.link) {
      // It may close the session by itself, and does not wait for itself then.
      unit.closing = undefined;
      await action(session);
    }
  } catch (error) {
    await unit.end("failed", true);
    throw error;
  }
}

export function checkAction(action: unknown): void {
  if (typeof action !== "function" && !["commit", "rollback", null].includes(action as string))
    throw new TypeError(
      `Expected the action to be "commit", "rollback", null or a function, got \`${String(action)}\``,
    );
}
