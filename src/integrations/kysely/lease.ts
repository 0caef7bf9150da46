import type { CompiledQuery, DatabaseConnection, QueryResult, TransactionSettings } from "kysely";
import {
  type Database,
  type Dialect,
  isDbError,
  type Savepoint,
  type SavepointOptions,
  type Session,
  type SqlValue,
} from "../../index.ts";
import { toObjects, toParams, toQueryResult } from "./results.ts";

const CANCELLED = new Error("the query was cancelled by Kysely");
const LEASE: unique symbol = Symbol.for("isopool.kysely.Lease");

/** What Kysely takes for a connection: a session that has none until its first statement. */
export class Lease implements DatabaseConnection {
  /** Commands that Kysely's log is to see as queries. */
  readonly commands: WeakMap<CompiledQuery, (lease: Lease) => Promise<void>> = new WeakMap();
  readonly #target: Database | Session;
  readonly #kind: Dialect;
  /** Of the application: it was current when Kysely asked, and is not this lease's to end. */
  readonly #joined: Session | undefined;
  #own: Session | undefined;
  /** The transaction and its savepoints, outermost first. */
  readonly #levels: { readonly name: string | undefined; readonly part: Savepoint }[] = [];
  #flying: AbortController | undefined;
  #pid: SqlValue | undefined;
  #isKilled = false;

  constructor(target: Database | Session, kind: Dialect) {
    this.#target = target;
    this.#kind = kind;
    this.#joined = "session" in target ? target.current() : target;
  }

  /** @internal */
  get [LEASE](): this {
    return this;
  }

  /** Where its next statement runs. */
  get session(): Session {
    return this.#levels.at(-1)?.part ?? this.#joined ?? (this.#own ??= this.#open());
  }

  get #database(): Database {
    const target = this.#target;
    return "session" in target ? target : (target.unit.host as Database);
  }

  #open(): Session {
    const db = this.#database;
    const session = db.open({ transaction: false });
    // Never current, it is none that a caller may have lost.
    db.sessions--;
    return session;
  }

  /** A query on its own is refused as `db.sql` is: its session may have been lost. Where none is ever current, there is none to lose. */
  #checkAlone(): void {
    if (this.#joined || this.#own) return;
    const db = this.#database;
    if (db.context.name !== "explicit") db.here();
  }

  async executeQuery<R>(
    query: CompiledQuery,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<QueryResult<R>> {
    const command = this.commands.get(query);
    if (command) {
      await command(this);
      return { rows: [] };
    }
    this.#checkAlone();
    // Kysely lets an aborted query run on, or calls `cancelQuery()`: its own signal is not handed on.
    const flying = (this.#flying = options?.signal && new AbortController());
    const statement = { text: query.sql, params: toParams(query, this.#kind) };
    try {
      return toQueryResult<R>(query, await this.session.raw(statement, flying && { signal: flying.signal }));
    } finally {
      if (this.#flying === flying) this.#flying = undefined;
    }
  }

  async *streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    this.#checkAlone();
    const statement = { text: query.sql, params: toParams(query, this.#kind) };
    let rows: R[] = [];
    for await (const row of this.session.streamBy<R>(statement, { batchSize: chunkSize }, toObjects)) {
      if (rows.push(row) < chunkSize) continue;
      yield { rows };
      rows = [];
    }
    if (rows.length > 0) yield { rows };
  }

  /** Called ahead of a query that may have to be cancelled. */
  async collectSessionInfo(): Promise<void> {
    if (this.#kind !== "postgres") return;
    const { session } = this;
    // Outside of a transaction, a pool host or a pooler lends the backend to others behind each statement, and theirs would be ended:
    // a session that has set something keeps it, and is refused where it cannot.
    const hold = session.scope.isPlain ? ", set_config('isopool.held', '1', false)" : "";
    const { rows } = await session.raw(`select pg_backend_pid()${hold}`).catch(() => ({ rows: [] }));
    this.#pid = rows[0]?.[0];
  }

  /** Kysely's strategy `cancel query`. */
  cancelQuery(): Promise<void> {
    return this.#end("pg_cancel_backend");
  }

  /** Kysely's strategy `kill session`. */
  async killSession(): Promise<void> {
    this.#isKilled = true;
    await this.#end("pg_terminate_backend");
  }

  /** PostgreSQL does not hear of it when the connection of a running statement is closed: it is asked, by another one. */
  async #end(name: string): Promise<void> {
    const flying = this.#flying;
    try {
      if (this.#pid !== undefined && flying)
        await this.#database.autocommit.raw({ text: `select ${name}($1)`, params: [this.#pid] });
      else flying?.abort(CANCELLED);
    } catch {
      flying?.abort(CANCELLED);
    }
  }

  /** Opens the transaction, or a savepoint in it. Sends nothing. */
  async enter(name: string | undefined, settings: TransactionSettings = {}): Promise<void> {
    const { isolationLevel, accessMode } = settings as SavepointOptions;
    this.#levels.push({ name, part: await this.session.savepoint(name, { isolationLevel, accessMode }) });
  }

  async commit(): Promise<void> {
    try {
      await this.#keep(0);
    } catch (error) {
      throw asAborted(error);
    }
  }

  async rollback(): Promise<void> {
    // What is inside goes with it.
    const [root] = this.#levels.splice(0);
    await root?.part.rollback().catch(() => undefined);
  }

  releaseTo(name: string): Promise<void> {
    return this.#keep(this.#indexOf(name));
  }

  async rollbackTo(name: string): Promise<void> {
    await this.#levels.splice(this.#indexOf(name))[0]!.part.rollback();
    // SQL keeps the savepoint to which it has gone back.
    await this.enter(name);
  }

  async release(): Promise<void> {
    await this.rollback();
    if (!this.#own) return;
    this.#database.sessions++;
    await this.#own.close(null, { really: this.#isKilled });
  }

  /** The innermost savepoint of a name. */
  #indexOf(name: string): number {
    const index = this.#levels.map((level) => level.name).lastIndexOf(name);
    if (index < 0) throw new TypeError(`Expected a savepoint that is open, got \`${name}\``);
    return index;
  }

  async #keep(from: number): Promise<void> {
    while (this.#levels.length > from) await this.#levels.pop()!.part.release();
  }
}

/** The lease behind what Kysely provides. */
export function leaseOf(connection: object): Lease | undefined {
  return (connection as { readonly [LEASE]?: Lease })[LEASE];
}

/** Kysely's brand for a transaction that the failed commit has ended: no rollback is owed. */
function asAborted(error: unknown): unknown {
  if (isDbError(error) && error.code !== "COMMIT_UNKNOWN")
    Object.defineProperty(error, Symbol.for("kysely.AbortedTransactionError"), { value: true, configurable: true });
  return error;
}
