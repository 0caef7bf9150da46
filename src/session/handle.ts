import { DbError } from "../errors.ts";
import type { SettleCallback } from "./callbacks.ts";
import { type Action, checkAction, type CloseOptions, closePart, reconnectPart } from "./closing.ts";
import { Command } from "./command.ts";
import type { Finish } from "./finish.ts";
import { Connection } from "./connection.ts";
import { Cursor } from "./cursor.ts";
import type { Part } from "./ending.ts";
import { commitUnknown } from "./landing.ts";
import { refuseFromWithin } from "./nesting.ts";
import { type BatchResults, Queryable } from "./queryable.ts";
import { quietly, refused } from "./quiet.ts";
import { toResults } from "./rows.ts";
import { refuseUndecided } from "./scope.ts";
import type { StatementInput } from "./statement.ts";

/** What a handle does its work on: a session, or a transaction inside one. */
export interface Held extends Queryable {
  /** @internal */
  readonly unit: Part["unit"];
  /** @internal */
  readonly line: Part["line"];
  /** @internal */
  readonly scope: Part["scope"];
  readonly connectionName: string;
  /** @internal */
  lastCursor: Cursor | undefined;
}

/** What is done with a session as a whole. A Session does it with itself, a Database with the session that is current. */
export abstract class Handle<S extends Held> extends Queryable {
  /** @internal @throws DbError `SESSION_REQUIRED` */
  abstract require(): S;

  /**
   * Commits, with the last statements in the same flight; the next statement begins anew.
   *
   * A list of several is all or nothing: when one of them fails, none is kept, and the transaction stays open.
   *
   * @returns the results of `last`.
   * @throws DbError `COMMIT_UNKNOWN` when the answer was lost; `ROLLBACK_ONLY` when a part of it failed.
   */
  commit<const List extends readonly StatementInput[]>(...last: List): Promise<BatchResults<List>> {
    return this.#handed((session) => {
      const { line, scope } = whole(session, "commit");
      const kind = scope.path.length > 0 || last.length === 0 ? "commit" : "batch";
      return line.add(new Command(kind, scope, last, toResults as Finish<BatchResults<List>>));
    });
  }

  /** Rolls back; the next statement begins anew. Sends nothing when nothing was executed. */
  rollback(): Promise<void> {
    return this.#handed((session) => {
      const { line, scope } = whole(session, "rollback");
      return line.add(new Command("rollback", scope, [], () => undefined));
    });
  }

  /** Calls back after the session has ended, with no session bound, if what was done until then was committed. */
  onCommit(callback: SettleCallback): void {
    const { unit, scope } = checkOpen(this.require());
    unit.callbacks.add(scope, "kept", callback);
  }

  /** Calls back after the session has ended, with no session bound, if what was done until then was rolled back. */
  onRollback(callback: SettleCallback): void {
    const { unit, scope } = checkOpen(this.require());
    unit.callbacks.add(scope, "undone", callback);
  }

  /**
   * The session's connection; takes one when it has none yet, which is otherwise left to the first statement.
   *
   * @param options.usePool - `false`: one that is opened for it, never an idle one. Default true.
   */
  getConnection({ usePool = true }: { readonly usePool?: boolean } = {}): Promise<Connection> {
    return this.#handed((session) => connectionOf(checkOpen(session), usePool));
  }

  /**
   * Binds a connection that the caller owns (from `detach()`); the session uses it and leaves it open. What was bound before
   * is rolled back and given back, so `null` leaves the session with none. A transaction that is open on it becomes the session's.
   *
   * @param options.runHooks - runs the database's connection hooks on it. Default false.
   * @throws TypeError for a connection that is not the caller's own, or that a session has already.
   */
  setConnection(
    connection: Connection | null,
    { runHooks = false }: { readonly runHooks?: boolean } = {},
  ): Promise<void> {
    return this.#handed((session) => {
      const { unit, line, scope } = whole(session, "setConnection");
      const link = connection?.bind(session);
      const swap = async (): Promise<void> => {
        await unit.holder.release();
        if (link && runHooks) await unit.host.prepare(link, unit.owner, undefined);
        if (!link) return;
        link.isBound = true;
        unit.holder.adopt(link, scope);
      };
      const command = new Command("rollback", scope, [], swap);
      command.isAwaited = true;
      const swapped = line.add(command);
      void swapped.catch(() => link && unit.holder.link !== link && (link.isBound = false));
      return swapped;
    });
  }

  /**
   * Ends the session: settles what is pending, then gives the connection to the pool if it is clean and there is room.
   * The second call only waits for the first; without a connection the action is not run.
   *
   * @param action - default `commit`. `null`: undecided, a pending transaction is rolled back.
   * @param options.really - closes the connection instead of pooling it. Default false.
   * @throws what the action throws, after the connection was closed; DbError `SESSION_CLOSED` when there is nothing to commit
   *   any more, since its signal or deadline has ended it; TypeError for an unknown action, with nothing done.
   */
  close(action: Action<S> = "commit", { really = false }: CloseOptions = {}): Promise<void> {
    return this.#handed((session) => {
      checkAction(action);
      return quietly(closePart(session, action, really, checkWhole), session.scope);
    });
  }

  /** `close()`, which commits, then `getConnection()`: also goes on with a session that was closed by hand. */
  reconnect(): Promise<Connection> {
    return this.#handed((session) => {
      const reconnecting = async (): Promise<Connection> => {
        await reconnectPart(session, checkWhole);
        try {
          return await connectionOf(checkOpen(session), true);
        } catch (error) {
          // Given up behind its COMMIT, which must not look as if it were rolled back.
          const { unit, scope } = session;
          throw scope.over?.cause && unit.hasKept ? commitUnknown(unit, scope, error) : error;
        }
      };
      return quietly(reconnecting(), session.scope);
    });
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

  #handed<T>(run: (session: S) => Promise<T>): Promise<T> {
    let session: S | undefined;
    try {
      return this.carried(run((session = this.require())));
    } catch (error) {
      return this.carried(session ? refused<T>(error, session.scope) : Promise.reject<T>(error));
    }
  }
}

function connectionOf(session: Held, usePool: boolean): Promise<Connection> {
  const { line, scope } = session;
  const command = new Command("connect", scope, [], (_results, link) => new Connection(session, link));
  command.usePool = usePool;
  return line.add(command);
}

/** @throws DbError `SESSION_CLOSED` */
export function checkOpen<P extends Part>(part: P): P {
  if (part.scope.over) throw part.unit.closedError(part.scope);
  return part;
}

/** @throws DbError `SESSION_CLOSED` | `PROPAGATION_REFUSED` | `POOL_DEADLOCK` */
function whole<P extends Part>(part: P, method: string): P {
  checkWhole(checkOpen(part), method);
  return part;
}

/** What settles the whole is for the session itself: a transaction inside it settles by how its work ends. */
export function checkWhole(part: Part, method: string): void {
  const { kind, parent } = part.scope;
  if (parent) {
    const message = `${method}() is for the session itself: a transaction inside it settles by how its work ends`;
    throw new DbError("PROPAGATION_REFUSED", message, { propagation: kind });
  }
  refuseFromWithin(part, true);
  refuseUndecided(part.scope);
}
