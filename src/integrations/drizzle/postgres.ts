import { entityKind, fillPlaceholders, type Query, type SQL } from "drizzle-orm";
import type { BatchItem, BatchResponse } from "drizzle-orm/batch";
import type { ExtractTablesWithRelations } from "drizzle-orm/relations";
import { PgDatabase, PgDialect, type PgTransactionConfig, PgTransaction } from "drizzle-orm/pg-core";
import { type PgQueryResultHKT, PgSession, type PreparedQueryConfig } from "drizzle-orm/pg-core/session";
import type { Assume, DrizzleConfig } from "drizzle-orm/utils";
import type { TransactionOptions } from "../../index.ts";
import { withClient } from "./attach.ts";
import { begin, type BeginConfig } from "./begin.ts";
import type { Batched } from "./internals.ts";
import { type SessionConfig, toSessionConfig } from "./options.ts";
import { type Client, dialectOf, placeOf } from "./place.ts";
import { PostgresPreparedQuery } from "./postgres-prepared-query.ts";
import { type PgResult, toPgStatement } from "./postgres-values.ts";
import type { ObjectRow } from "./rows.ts";

type Schema = Record<string, unknown>;

/** What `execute()` gives. */
export interface PgResultHKT extends PgQueryResultHKT {
  type: PgResult<Assume<this["row"], ObjectRow>>;
}

/** A Drizzle transaction on PostgreSQL. */
type Tx<TSchema extends Schema> = PgTransaction<PgResultHKT, TSchema, ExtractTablesWithRelations<TSchema>>;

/** Drizzle 0.45 on PostgreSQL. */
export class DrizzlePostgres<TSchema extends Schema = Record<string, never>> extends PgDatabase<PgResultHKT, TSchema> {
  static {
    Object.defineProperty(this, entityKind, { value: "IsopoolPgDatabase" });
  }
  /** @internal */
  declare readonly session: IsopoolPgSession<TSchema>;

  /** Runs queries in one flight, all or nothing, also within a transaction. */
  batch<U extends BatchItem<"pg">, T extends Readonly<[U, ...U[]]>>(queries: T): Promise<BatchResponse<T>> {
    return this.session.batch(queries as unknown as readonly Batched[]) as Promise<BatchResponse<T>>;
  }

  /** Runs `work` in a transaction; in a session, as a part of it that is rolled back alone. */
  override transaction<T>(
    work: (tx: Tx<TSchema>) => Promise<T>,
    config?: PgTransactionConfig & TransactionOptions,
  ): Promise<T> {
    return this.session.transaction(work, config);
  }
}

class IsopoolPgSession<TSchema extends Schema> extends PgSession<
  PgResultHKT,
  TSchema,
  ExtractTablesWithRelations<TSchema>
> {
  static override readonly [entityKind]: string = "IsopoolPgSession";
  readonly on: Client;
  readonly config: SessionConfig<TSchema>;

  constructor(on: Client, dialect: PgDialect, config: SessionConfig<TSchema>) {
    super(dialect);
    this.on = on;
    this.config = config;
  }

  // A name has no use: isopool prepares and runs a statement in one flight.
  prepareQuery<T extends PreparedQueryConfig = PreparedQueryConfig>(
    query: Query,
    ...[fields, , isArrays, mapper, metadata, cacheConfig]: QueryShape
  ): PostgresPreparedQuery<T> {
    return new PostgresPreparedQuery<T>(
      this.on,
      query,
      this.config,
      { fields, isArrays, mapper },
      metadata,
      cacheConfig,
    );
  }

  override async count(sql: SQL): Promise<number> {
    const { rows } = await this.execute<PgResult<{ readonly count: unknown }>>(sql);
    return Number(rows[0]!.count);
  }

  override transaction<T>(work: (tx: Tx<TSchema>) => Promise<T>, options?: BeginConfig): Promise<T> {
    return this.nest(work, 0, options);
  }

  nest<T>(work: (tx: Tx<TSchema>) => Promise<T>, depth: number, options?: BeginConfig): Promise<T> {
    const { on, dialect, config } = this;
    return begin(
      on,
      (session) => {
        const inner = new IsopoolPgSession(session, dialect, config);
        return work(new IsopoolPgTransaction<TSchema>(dialect, inner, config.schema, depth));
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
    return results.map((result, index) => prepared[index]!.mapResult(result, true));
  }
}

type QueryShape = Parameters<PgSession["prepareQuery"]> extends [unknown, ...infer Rest] ? Rest : never;

class IsopoolPgTransaction<TSchema extends Schema> extends PgTransaction<
  PgResultHKT,
  TSchema,
  ExtractTablesWithRelations<TSchema>
> {
  static override readonly [entityKind]: string = "IsopoolPgTransaction";
  declare readonly session: IsopoolPgSession<TSchema>;

  override transaction<T>(work: (tx: Tx<TSchema>) => Promise<T>, options?: BeginConfig): Promise<T> {
    return this.session.nest(work, this.nestedIndex + 1, options);
  }
}

/**
 * Makes a Drizzle database, 0.45, for PostgreSQL alone: smaller than `drizzle()`, which holds both dialects.
 *
 * @param client - a Database: queries join its current session, or run alone. A Session: they run in that one.
 * @throws TypeError when the database speaks SQLite.
 * @example
 * const orm = drizzlePostgres(db, { schema });
 * await orm.select().from(schema.item);
 */
export function drizzlePostgres<TSchema extends Schema = Record<string, never>, TClient extends Client = Client>(
  client: TClient,
  config: DrizzleConfig<TSchema> = {},
): DrizzlePostgres<TSchema> & { $client: TClient } {
  dialectOf(client, "postgres");
  const dialect = new PgDialect(config);
  const own = toSessionConfig(config);
  const session = new IsopoolPgSession(client, dialect, own);
  return withClient(new DrizzlePostgres<TSchema>(dialect, session, own.schema), client, config.cache);
}
