import { DbError } from "../errors.ts";
import { Callbacks, type SettleCallback } from "./callbacks.ts";
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
import { checkNames } from "../option-names.ts";
import { throwIfAborted } from "../signal.ts";

/** The target of a handle: a session, or a transaction inside one. */
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

/** Methods for a session as a whole. A Session applies them to itself, a Database to the current session. */
export abstract class Handle<S extends Held> extends Queryable {
  /** @internal @throws DbError `SESSION_REQUIRED` */
  abstract require(): S;

  /**
   * Commits, with the last statements in the same flight; the next statement begins a new transaction.
   *
   * Several statements are all or nothing: if one fails, none is kept, and the transaction stays open.
   *
   * @returns the results of `last`.
   * @throws DbError `COMMIT_UNKNOWN` if the answer was lost; `ROLLBACK_ONLY` if a part of the work failed.
   */
  commit<const List extends readonly StatementInput[]>(...last: List): Promise<BatchResults<List>> {
    return this.#handed((session) => {
      const { line, scope } = whole(session, "commit");
      const kind = !scope.isPlain || last.length === 0 ? "commit" : "batch";
      return line.add(new Command(kind, scope, last, toResults as Finish<BatchResults<List>>));
    });
  }

  /** Rolls back; the next statement begins a new transaction. Sends nothing if nothing was executed. */
  rollback(): Promise<void> {
    return this.#handed((session) => {
      const { line, scope } = whole(session, "rollback");
      return line.add(new Command("rollback", scope, [], () => undefined));
    });
  }

  /** Calls back after the session has ended, with no session bound, if the work done before this call was committed. */
  onCommit(callback: SettleCallback): void {
    const { unit, scope } = checkOpen(this.require());
    (unit.callbacks ??= new Callbacks()).add(scope, "kept", callback);
  }

  /** Calls back after the session has ended, with no session bound, if the work done before this call was rolled back. */
  onRollback(callback: SettleCallback): void {
    const { unit, scope } = checkOpen(this.require());
    (unit.callbacks ??= new Callbacks()).add(scope, "undone", callback);
  }

  /**
   * The session's connection. Acquires one if it has none yet, instead of waiting for the first statement.
   *
   * @param options.usePool - `false`: opens a new connection, never uses an idle one. Default true.
   */
  getConnection(options: { readonly usePool?: boolean } = {}): Promise<Connection> {
    return this.#handed((session) => {
      checkNames(options, ["usePool"], "getConnection()");
      return connectionOf(checkOpen(session), options.usePool);
    });
  }

  /**
   * Binds a connection that the caller owns (from `detach()`); the session uses it and leaves it open. The previous
   * connection is rolled back and returned, so `null` leaves the session without one. A transaction open on it becomes the session's.
   *
   * @param options.runHooks - runs the database's connection hooks on it. Default false.
   * @throws TypeError for a connection that is not the caller's own, or that a session already holds.
   */
  setConnection(connection: Connection | null, options: { readonly runHooks?: boolean } = {}): Promise<void> {
    return this.#handed((session) => {
      checkNames(options, ["runHooks"], "setConnection()");
      const { unit, line, scope } = whole(session, "setConnection");
      if (connection !== null && typeof connection?.bind !== "function")
        throw new TypeError(`Expected a connection from detach(), or null, got \`${typeof connection}\``);
      const link = connection?.bind(session);
      const swap = async (signal: AbortSignal): Promise<void> => {
        await unit.holder.release();
        if (link && options.runHooks) await unit.host.prepare(link, unit.owner, signal);
        // Given up meanwhile, it is its owner's alone.
        throwIfAborted(signal);
        if (!link) return;
        link.isBound = true;
        unit.holder.adopt(link, scope);
      };
      const command = new Command<void>("rollback", scope, [], () => undefined);
      command.after = swap;
      const swapped = line.add(command);
      void swapped.catch(() => link && unit.holder.link !== link && (link.isBound = false));
      return swapped;
    });
  }

  /**
   * Ends the session: commits or rolls back, then returns the connection to the pool if it is clean and there is room.
   * A second call only waits for the first; without a connection the action is not run.
   *
   * @param action - default `commit`. `null`: undecided, a pending transaction is rolled back.
   * @param options.really - closes the connection instead of pooling it. Default false.
   * @throws what the action throws, after the connection was closed; DbError `SESSION_CLOSED` if a signal or deadline has
   *   already ended the session, so that nothing can be committed; TypeError for an unknown action, before anything is done.
   */
  close(action: Action<S> = "commit", options: CloseOptions = {}): Promise<void> {
    return this.#handed((session) => {
      checkAction(action);
      checkNames(options, ["really"], "close()");
      return quietly(closePart(session, action, options.really ?? false, checkWhole), session.scope);
    });
  }

  /** `close()`, which commits, then `getConnection()`: also reopens a session that was closed. */
  reconnect(): Promise<Connection> {
    return this.#handed((session) => {
      const reconnecting = async (): Promise<Connection> => {
        await reconnectPart(session, checkWhole);
        try {
          return await connectionOf(checkOpen(session));
        } catch (error) {
          // Aborted after its COMMIT, which must not look like a rollback.
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

function connectionOf(session: Held, usePool?: boolean): Promise<Connection> {
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

/** What settles the whole is for the session itself: a nested transaction ends with its work. */
export function checkWhole(part: Part, method: string): void {
  const { kind, parent } = part.scope;
  if (parent) {
    const message = `${method}() is for the session itself: a nested transaction ends with its work`;
    throw new DbError("PROPAGATION_REFUSED", message, { propagation: kind });
  }
  refuseFromWithin(part, true);
  refuseUndecided(part.scope);
}
