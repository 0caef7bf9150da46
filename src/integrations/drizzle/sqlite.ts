import { entityKind, fillPlaceholders, type Query } from "drizzle-orm";
import type { BatchItem, BatchResponse } from "drizzle-orm/batch";
import type { ExtractTablesWithRelations } from "drizzle-orm/relations";
import { BaseSQLiteDatabase, SQLiteAsyncDialect, SQLiteTransaction } from "drizzle-orm/sqlite-core";
import { SQLiteSession } from "drizzle-orm/sqlite-core/session";
import type { DrizzleConfig } from "drizzle-orm/utils";
import type { RawResult, Statement, TransactionOptions } from "../../index.ts";
import { withClient } from "./attach.ts";
import { begin, type BeginConfig } from "./begin.ts";
import type { Batched } from "./internals.ts";
import { type SessionConfig, toSessionConfig } from "./options.ts";
import { type Client, dialectOf, placeOf } from "./place.ts";
import { SqlitePreparedQuery } from "./sqlite-prepared-query.ts";
import { type ObjectRow, type RunResult, toArrays, toObjects, toRunResult } from "./rows.ts";

type Schema = Record<string, unknown>;

/** A Drizzle transaction on SQLite. */
type Tx<TSchema extends Schema> = SQLiteTransaction<"async", RunResult, TSchema, ExtractTablesWithRelations<TSchema>>;

/** Drizzle 0.45 on SQLite. */
export class DrizzleSqlite<TSchema extends Schema = Record<string, never>> extends BaseSQLiteDatabase<
  "async",
  RunResult,
  TSchema
> {
  static {
    Object.defineProperty(this, entityKind, { value: "IsopoolSQLiteDatabase" });
  }
  /** @internal */
  declare readonly session: IsopoolSQLiteSession<TSchema>;

  /** Runs queries in one flight, all or nothing, also within a transaction. */
  batch<U extends BatchItem<"sqlite">, T extends Readonly<[U, ...U[]]>>(queries: T): Promise<BatchResponse<T>> {
    return this.session.batch(queries as unknown as readonly Batched[]) as Promise<BatchResponse<T>>;
  }

  /** Runs `work` in a transaction; in a session, as a part of it that is rolled back alone. */
  override transaction<T>(work: (tx: Tx<TSchema>) => Promise<T>, config?: TransactionOptions): Promise<T> {
    return this.session.transaction(work, config);
  }
}

class IsopoolSQLiteSession<TSchema extends Schema> extends SQLiteSession<
  "async",
  RunResult,
  TSchema,
  ExtractTablesWithRelations<TSchema>
> {
  static override readonly [entityKind]: string = "IsopoolSQLiteSession";
  readonly on: Client;
  readonly config: SessionConfig<TSchema>;
  readonly ownDialect: SQLiteAsyncDialect;

  constructor(on: Client, dialect: SQLiteAsyncDialect, config: SessionConfig<TSchema>) {
    super(dialect);
    this.on = on;
    this.config = config;
    this.ownDialect = dialect;
  }

  prepareQuery(
    query: Query,
    ...[fields, method, isArrays, mapper, metadata, cacheConfig]: QueryShape
  ): SqlitePreparedQuery {
    return new SqlitePreparedQuery(
      this.on,
      query,
      this.config,
      method,
      { fields, isArrays, mapper },
      metadata,
      cacheConfig,
    );
  }

  override transaction<T>(work: (tx: Tx<TSchema>) => Promise<T>, options?: BeginConfig): Promise<T> {
    return this.nest(work, 0, options);
  }

  nest<T>(work: (tx: Tx<TSchema>) => Promise<T>, depth: number, options?: BeginConfig): Promise<T> {
    const { on, ownDialect, config } = this;
    return begin(
      on,
      (session) => {
        const inner = new IsopoolSQLiteSession(session, ownDialect, config);
        return work(new IsopoolSQLiteTransaction<TSchema>("async", ownDialect, inner, config.schema, depth));
      },
      options,
    );
  }

  async batch(queries: readonly Batched[]): Promise<unknown[]> {
    const prepared = queries.map((query) => query._prepare());
    const statements = prepared.map((each): Statement => {
      const { sql: text, params } = each.getQuery();
      const filled = fillPlaceholders(params, {});
      this.config.logger.logQuery(text, filled);
      return { text, params: filled as [] };
    });
    const results = await placeOf(this.on).rawBatch(statements);
    return results.map((result, index) => prepared[index]!.mapResult(result, true));
  }

  extractRawRunValueFromBatchResult(result: RawResult): RunResult {
    return toRunResult(result);
  }

  extractRawAllValueFromBatchResult(result: RawResult): ObjectRow[] {
    return toObjects(result);
  }

  extractRawGetValueFromBatchResult(result: RawResult): ObjectRow | undefined {
    return toObjects(result)[0];
  }

  extractRawValuesValueFromBatchResult(result: RawResult): unknown[][] {
    return toArrays(result);
  }
}

type QueryShape =
  Parameters<SQLiteSession<"async", RunResult, Schema, never>["prepareQuery"]> extends [unknown, ...infer Rest]
    ? Rest
    : never;

class IsopoolSQLiteTransaction<TSchema extends Schema> extends SQLiteTransaction<
  "async",
  RunResult,
  TSchema,
  ExtractTablesWithRelations<TSchema>
> {
  static override readonly [entityKind]: string = "IsopoolSQLiteTransaction";
  declare readonly session: IsopoolSQLiteSession<TSchema>;

  override transaction<T>(work: (tx: Tx<TSchema>) => Promise<T>, options?: BeginConfig): Promise<T> {
    return this.session.nest(work, this.nestedIndex + 1, options);
  }
}

/**
 * Makes a Drizzle database, 0.45, for SQLite alone: smaller than `drizzle()`, which holds both dialects.
 *
 * @param client - a Database: queries join its current session, or run alone. A Session: they run in that one.
 * @throws TypeError when the database speaks PostgreSQL.
 * @example
 * const orm = drizzleSqlite(db, { schema });
 * await orm.select().from(schema.item);
 */
export function drizzleSqlite<TSchema extends Schema = Record<string, never>, TClient extends Client = Client>(
  client: TClient,
  config: DrizzleConfig<TSchema> = {},
): DrizzleSqlite<TSchema> & { $client: TClient } {
  dialectOf(client, "sqlite");
  const dialect = new SQLiteAsyncDialect(config);
  const own = toSessionConfig(config);
  const session = new IsopoolSQLiteSession(client, dialect, own);
  return withClient(new DrizzleSqlite<TSchema>("async", dialect, session, own.schema), client, config.cache);
}
