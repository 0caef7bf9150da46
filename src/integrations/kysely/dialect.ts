import {
  type DatabaseIntrospector,
  type Dialect as KyselyDialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryCompiler,
  SqliteQueryCompiler,
  TransactionBuilder,
} from "kysely";
import type { Database, Dialect, Session } from "../../index.ts";
import { checkNames } from "../../option-names.ts";
import { PooledSqliteAdapter, SessionPostgresAdapter } from "./adapters.ts";
import { enterTransactions } from "./current.ts";
import { IsopoolDriver } from "./driver.ts";
import { introspectSqlite } from "./introspector.ts";

export interface IsopoolDialectOptions {
  /** The SQL that the database speaks. Default: what its URL or its adapters say. */
  readonly dialect?: Dialect | undefined;
}

/**
 * Kysely on a Database: inside `db.session()` its queries and transactions belong to that session, and inside its own
 * transactions `db.sql` belongs to them. Outside, each query has a session of its own. BEGIN and savepoints are sent with the
 * next statement.
 *
 * `destroy()` leaves the Database open: it is yours.
 *
 * @example
 * const db = createDatabase("sqljs:memory", { adapters: [sqlJs({ sqlJs })], context: asyncLocal(AsyncLocalStorage) });
 * const kysely = new Kysely<Tables>({ dialect: new IsopoolDialect(db) });
 */
export class IsopoolDialect implements KyselyDialect {
  readonly #target: Database | Session;
  readonly #kind: Dialect;

  /**
   * @param target - a Database; or one Session, for a Kysely that is handed on where the context cannot tell which is current.
   * @throws TypeError when the dialect cannot be known yet.
   */
  constructor(target: Database | Session, options: IsopoolDialectOptions = {}) {
    checkNames(options, ["dialect"], "IsopoolDialect");
    if (typeof target?.transaction !== "function")
      throw new TypeError("Expected a database of createDatabase(), or one of its sessions: `new IsopoolDialect(db)`");
    const kind = options.dialect ?? dialectOf(target);
    if (kind !== "sqlite" && kind !== "postgres")
      throw new TypeError(
        `Expected the dialect to be "sqlite" or "postgres", got \`${String(kind)}\`: await db.ready(), or give \`{ dialect }\``,
      );
    this.#target = target;
    this.#kind = kind;
    enterTransactions(TransactionBuilder);
  }

  createDriver(): Driver {
    return new IsopoolDriver(this.#target, this.#kind);
  }

  createQueryCompiler(): QueryCompiler {
    return this.#kind === "sqlite" ? new SqliteQueryCompiler() : new PostgresQueryCompiler();
  }

  createAdapter(): DialectAdapter {
    return this.#kind === "sqlite" ? new PooledSqliteAdapter(this.#target) : new SessionPostgresAdapter();
  }

  // oxlint-disable-next-line typescript/no-explicit-any -- as Kysely declares it
  createIntrospector(kysely: Kysely<any>): DatabaseIntrospector {
    return this.#kind === "sqlite" ? introspectSqlite(kysely) : new PostgresIntrospector(kysely);
  }
}

function dialectOf(target: Database | Session): Dialect | undefined {
  const db = "session" in target ? target : (target.unit.host as Database);
  return db.dialect;
}
