import { type AnyRelations, type EmptyRelations, entityKind, fillPlaceholders, type Query } from "drizzle-orm";
import type { BatchItem, BatchResponse } from "drizzle-orm/batch";
import { neonServerlessCodecs } from "drizzle-orm/neon-serverless/codecs";
import { PgAsyncDatabase } from "drizzle-orm/pg-core/async/db";
import { PgAsyncPreparedQuery, PgAsyncSession, PgAsyncTransaction } from "drizzle-orm/pg-core/async/session";
import { PgDialect } from "drizzle-orm/pg-core/dialect";
import type { PgQueryResultHKT, PgTransactionConfig, PreparedQueryConfig } from "drizzle-orm/pg-core/session";
import type { DrizzlePgConfig } from "drizzle-orm/pg-core/utils";
import type { Assume } from "drizzle-orm/utils";
import type { RawResult, TransactionOptions } from "../../../index.ts";
import { withClient } from "../attach.ts";
import { begin, type BeginConfig } from "../begin.ts";
import { cacheOf } from "../cache.ts";
import { type Client, dialectOf, placeOf } from "../place.ts";
import { type PgResult, toPgResult, toPgStatement } from "../postgres-values.ts";
import { type ObjectRow, toArrays, toObjects } from "../rows.ts";
import { type Batched, jitCompatCheck, type Mode, type SessionConfig, toSessionConfig } from "./options.ts";

/** What `execute()` gives. */
export interface PgResultHKT extends PgQueryResultHKT {
  type: PgResult<[this["row"]] extends ["unknown"] ? ObjectRow : Assume<this["row"], ObjectRow>>;
}

/** A Drizzle transaction on PostgreSQL. */
type Tx<TRelations extends AnyRelations> = PgAsyncTransaction<PgResultHKT, TRelations>;

/** Drizzle 1.0 on PostgreSQL. */
export class DrizzlePostgres<TRelations extends AnyRelations = EmptyRelations> extends PgAsyncDatabase<
  PgResultHKT,
  TRelations
> {
  static {
    Object.defineProperty(this, entityKind, { value: "IsopoolPgDatabase" });
  }
  /** @internal */
  declare readonly session: IsopoolPgSession<TRelations>;

  /** Runs queries in one flight, all or nothing, also within a transaction. */
  batch<U extends BatchItem<"pg">, T extends Readonly<[U, ...U[]]>>(queries: T): Promise<BatchResponse<T>> {
    return this.session.batch(queries as unknown as readonly Batched[]) as Promise<BatchResponse<T>>;
  }

  /** Runs `work` in a transaction; in a session, as a part of it that is rolled back alone. */
  override transaction<T>(
    work: (tx: Tx<TRelations>) => Promise<T>,
    config?: PgTransactionConfig & TransactionOptions,
  ): Promise<T> {
    return this.session.transaction(work, config);
  }
}

class IsopoolPgSession<TRelations extends AnyRelations> extends PgAsyncSession<PgResultHKT, TRelations> {
  static override readonly [entityKind]: string = "IsopoolPgSession";
  readonly on: Client;
  readonly config: SessionConfig<TRelations>;

  constructor(on: Client, dialect: PgDialect, config: SessionConfig<TRelations>) {
    super(dialect);
    this.on = on;
    this.config = config;
  }

  // A name has no use: isopool prepares and runs a statement in one flight.
  prepareQuery<T extends PreparedQueryConfig = PreparedQueryConfig>(
    query: Query,
    mode: Mode,
    ...[, mapper, metadata, cacheConfig]: QueryShape
  ): PgAsyncPreparedQuery<T> {
    const { logger, cache, paramsInErrors } = this.config;
    const execute = async (params: unknown[] = []): Promise<unknown> =>
      read(await placeOf(this.on).raw(toPgStatement(query.sql, params)), mode);
    return new PgAsyncPreparedQuery<T>(
      execute,
      query,
      mapper,
      mode,
      logger,
      cacheOf(this.on, cache),
      metadata,
      cacheConfig,
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
        const inner = new IsopoolPgSession(session, dialect, config);
        return work(new IsopoolPgTransaction<TRelations>(dialect, inner, config.relations, depth, false));
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
      return toPgStatement(text, filled);
    });
    const results = await placeOf(this.on).rawBatch(statements);
    return results.map((result, index) => {
      const { mapper, mode } = prepared[index]!;
      const rows = read(result, mode);
      return mapper ? mapper(rows as unknown[]) : rows;
    });
  }
}

type QueryShape = Parameters<PgAsyncSession["prepareQuery"]> extends [unknown, unknown, ...infer Rest] ? Rest : never;

class IsopoolPgTransaction<TRelations extends AnyRelations> extends PgAsyncTransaction<PgResultHKT, TRelations> {
  static override readonly [entityKind]: string = "IsopoolPgTransaction";
  declare readonly session: IsopoolPgSession<TRelations>;

  override transaction<T>(work: (tx: Tx<TRelations>) => Promise<T>, options?: BeginConfig): Promise<T> {
    return this.session.nest(work, this.nestedIndex + 1, options);
  }
}

function read(raw: RawResult, mode: Mode): unknown {
  if (mode === "raw") return toPgResult(raw);
  return mode === "arrays" ? toArrays(raw) : toObjects(raw);
}

/**
 * Makes a Drizzle database, 1.0, for PostgreSQL alone: smaller than `drizzle()`, which holds both dialects.
 *
 * @param client - a Database: queries join its current session, or run alone. A Session: they run in that one.
 * @throws TypeError when the database speaks SQLite.
 * @example
 * const orm = drizzlePostgres(db, { relations });
 * await orm.select().from(item);
 */
export function drizzlePostgres<TRelations extends AnyRelations = EmptyRelations, TClient extends Client = Client>(
  client: TClient,
  config: DrizzlePgConfig<TRelations> = {},
): DrizzlePostgres<TRelations> & { $client: TClient } {
  dialectOf(client, "postgres");
  const { codecs = neonServerlessCodecs, jit } = config;
  const dialect = new PgDialect({ codecs, useJitMappers: jitCompatCheck(jit) });
  const own = toSessionConfig(config);
  const session = new IsopoolPgSession(client, dialect, own);
  return withClient(new DrizzlePostgres<TRelations>(dialect, session, own.relations), client, config.cache);
}
