import { type AnyRelations, type EmptyRelations, entityKind, fillPlaceholders, type Query } from "drizzle-orm";
import type { BatchItem, BatchResponse } from "drizzle-orm/batch";
import { libsqlCodecs } from "drizzle-orm/libsql/codecs";
import { SQLiteAsyncDatabase } from "drizzle-orm/sqlite-core/async/db";
import {
  SQLiteAsyncPreparedQuery,
  type SQLiteAsyncPreparedQueryConfig,
  SQLiteAsyncSession,
  SQLiteAsyncTransaction,
  type SQLiteQueryExecutors,
} from "drizzle-orm/sqlite-core/async/session";
import { SQLiteDialect } from "drizzle-orm/sqlite-core/dialect";
import type { SQLiteTransactionConfig } from "drizzle-orm/sqlite-core/session";
import type { DrizzleSQLiteConfig } from "drizzle-orm/sqlite-core/utils";
import type { RawResult, SqlValue, TransactionOptions } from "../../../index.ts";
import { withClient } from "../attach.ts";
import { begin, type BeginConfig } from "../begin.ts";
import { cacheOf } from "../cache.ts";
import { type Client, dialectOf, placeOf } from "../place.ts";
import { type RunResult, toArrays, toObjects, toRunResult } from "../rows.ts";
import {
  type Batched,
  jitCompatCheck,
  type Mode,
  type Prepared,
  type SessionConfig,
  toSessionConfig,
} from "./options.ts";

/** A Drizzle transaction on SQLite. */
type Tx<TRelations extends AnyRelations> = SQLiteAsyncTransaction<"async", RunResult, TRelations>;

type PreparedQuery = SQLiteAsyncPreparedQuery<SQLiteAsyncPreparedQueryConfig & { type: "async" }>;

/** Drizzle 1.0 on SQLite. */
export class DrizzleSqlite<TRelations extends AnyRelations = EmptyRelations> extends SQLiteAsyncDatabase<
  "async",
  RunResult,
  TRelations
> {
  static {
    Object.defineProperty(this, entityKind, { value: "IsopoolSQLiteDatabase" });
  }
  /** @internal */
  declare readonly session: IsopoolSQLiteSession<TRelations>;

  /** Runs queries in one flight, all or nothing, also within a transaction. */
  batch<U extends BatchItem<"sqlite">, T extends Readonly<[U, ...U[]]>>(queries: T): Promise<BatchResponse<T>> {
    return this.session.batch(queries as unknown as readonly Batched[]) as Promise<BatchResponse<T>>;
  }

  /** Runs `work` in a transaction; in a session, as a part of it that is rolled back alone. */
  override transaction<T>(
    work: (tx: Tx<TRelations>) => Promise<T>,
    config?: SQLiteTransactionConfig | TransactionOptions,
  ): Promise<T> {
    return this.session.transaction(work, config);
  }
}

class IsopoolSQLiteSession<TRelations extends AnyRelations> extends SQLiteAsyncSession<"async", RunResult, TRelations> {
  static override readonly [entityKind]: string = "IsopoolSQLiteSession";
  readonly on: Client;
  readonly config: SessionConfig<TRelations>;

  constructor(on: Client, dialect: SQLiteDialect, config: SessionConfig<TRelations>) {
    super(dialect, "async");
    this.on = on;
    this.config = config;
  }

  prepareQuery(
    query: Query,
    mode: Mode,
    _prepare: boolean,
    ...[method, mapper, metadata, cache]: QueryShape
  ): PreparedQuery {
    const { logger, cache: store, paramsInErrors } = this.config;
    const executors = executorsOf(this.on, query.sql, mode);
    return new SQLiteAsyncPreparedQuery(
      "async",
      method,
      executors,
      query,
      mapper,
      mode,
      logger,
      cacheOf(this.on, store),
      metadata,
      cache,
      paramsInErrors,
    );
  }

  override transaction<T>(work: (tx: Tx<TRelations>) => Promise<T>, options?: BeginConfig): Promise<T> {
    return this.nest(work, 0, options);
  }

  nest<T>(work: (tx: Tx<TRelations>) => Promise<T>, depth: number, options?: BeginConfig): Promise<T> {
    const { on, dialect, config } = this;
    return begin(
      on,
      (session) => {
        const inner = new IsopoolSQLiteSession(session, dialect, config);
        return work(new IsopoolSQLiteTransaction<TRelations>("async", dialect, inner, config.relations, depth));
      },
      options,
    );
  }

  async batch(queries: readonly Batched[]): Promise<unknown[]> {
    const prepared = queries.map((query) => query._prepare());
    const statements = prepared.map((each) => {
      const { sql: text, params } = each.getQuery();
      const filled = fillPlaceholders(params, {});
      this.config.logger.logQuery(text, filled);
      return { text, params: filled as SqlValue[] };
    });
    const results = await placeOf(this.on).rawBatch(statements);
    return results.map((result, index) => fromBatch(result, prepared[index]!));
  }
}

type QueryShape =
  Parameters<SQLiteAsyncSession<"async", RunResult>["prepareQuery"]> extends [unknown, unknown, unknown, ...infer Rest]
    ? Rest
    : never;

class IsopoolSQLiteTransaction<TRelations extends AnyRelations> extends SQLiteAsyncTransaction<
  "async",
  RunResult,
  TRelations
> {
  static override readonly [entityKind]: string = "IsopoolSQLiteTransaction";
  declare readonly session: IsopoolSQLiteSession<TRelations>;

  override transaction<T>(work: (tx: Tx<TRelations>) => Promise<T>, options?: BeginConfig): Promise<T> {
    return this.session.nest(work, this.nestedIndex + 1, options);
  }
}

function executorsOf(on: Client, text: string, mode: Mode): SQLiteQueryExecutors<"async"> {
  const ask = (params: unknown[]): Promise<RawResult> => placeOf(on).raw({ text, params: params as SqlValue[] });
  const all = async (params: unknown[]): Promise<unknown[]> => rowsOf(await ask(params), mode);
  return {
    all,
    get: async (params) => (await all(params))[0],
    run: async (params) => toRunResult(await ask(params)),
  };
}

function rowsOf(raw: RawResult, mode: Mode): unknown[] {
  return mode === "arrays" ? toArrays(raw) : toObjects(raw);
}

function fromBatch(raw: RawResult, { executeMethod, mapper, mode }: Prepared): unknown {
  if (executeMethod === "run") return toRunResult(raw);
  if (executeMethod === "values") return toArrays(raw);
  const rows = rowsOf(raw, mode);
  const wanted = executeMethod === "get" ? rows.slice(0, 1) : rows;
  const mapped = mapper ? (mapper(wanted) as unknown[]) : wanted;
  return executeMethod === "get" ? mapped[0] : mapped;
}

/**
 * Makes a Drizzle database, 1.0, for SQLite alone: smaller than `drizzle()`, which holds both dialects.
 *
 * @param client - a Database: queries join its current session, or run alone. A Session: they run in that one.
 * @throws TypeError when the database speaks PostgreSQL.
 * @example
 * const orm = drizzleSqlite(db, { relations });
 * await orm.select().from(item);
 */
export function drizzleSqlite<TRelations extends AnyRelations = EmptyRelations, TClient extends Client = Client>(
  client: TClient,
  config: DrizzleSQLiteConfig<TRelations> = {},
): DrizzleSqlite<TRelations> & { $client: TClient } {
  dialectOf(client, "sqlite");
  const { codecs = libsqlCodecs, jit } = config;
  const dialect = new SQLiteDialect({ codecs, useJitMappers: jitCompatCheck(jit) });
  const own = toSessionConfig(config);
  const session = new IsopoolSQLiteSession(client, dialect, own);
  return withClient(new DrizzleSqlite<TRelations>("async", dialect, session, own.relations), client, config.cache);
}
