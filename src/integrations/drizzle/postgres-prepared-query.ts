import { entityKind, fillPlaceholders, type Query } from "drizzle-orm";
import { PgPreparedQuery, type PreparedQueryConfig } from "drizzle-orm/pg-core/session";
import type { RawResult } from "../../index.ts";
import { type Cached, type Joins, mapResultRow, type Mapper, type Placeholders } from "./internals.ts";
import type { SessionConfig } from "./options.ts";
import { cacheOf } from "./cache.ts";
import { type Client, placeOf } from "./place.ts";
import { toPgResult, toPgStatement } from "./postgres-values.ts";
import { type ObjectRow, toArrays, toObjects } from "./rows.ts";

type Rest = ConstructorParameters<typeof PgPreparedQuery>;

/** How rows become what Drizzle's user gets; with neither fields nor a mapper it is the driver's result. */
interface Shape {
  readonly fields: readonly unknown[] | undefined;
  readonly isArrays: boolean;
  readonly mapper: Mapper | undefined;
}

export class PostgresPreparedQuery<T extends PreparedQueryConfig> extends PgPreparedQuery<T> {
  static {
    Object.defineProperty(this, entityKind, { value: "IsopoolPgPreparedQuery" });
  }
  declare joinsNotNullableMap: Joins;
  declare queryWithCache: Cached;
  readonly #on: Client;
  readonly #config: Pick<SessionConfig<never>, "logger">;
  readonly #shape: Shape;

  constructor(
    on: Client,
    query: Query,
    config: Pick<SessionConfig<never>, "logger" | "cache">,
    shape: Shape,
    metadata: Rest[2],
    cacheConfig: Rest[3],
  ) {
    super(query, cacheOf(on, config.cache), metadata, cacheConfig);
    this.#on = on;
    this.#config = config;
    this.#shape = shape;
  }

  async execute(values?: Placeholders): Promise<T["execute"]> {
    return this.#isMapped ? this.#map(await this.values(values)) : this.#send(values, toPgResult);
  }

  /** @internal */
  all(values?: Placeholders): Promise<ObjectRow[]> {
    return this.#send(values, toObjects);
  }

  /** @internal */
  values(values?: Placeholders): Promise<unknown[][]> {
    return this.#send(values, toArrays);
  }

  // Of a batch: the result as it came.
  override mapResult(result: RawResult): unknown {
    return this.#isMapped ? this.#map(toArrays(result)) : toPgResult(result);
  }

  /** @internal */
  isResponseInArrayMode(): boolean {
    return this.#shape.isArrays;
  }

  get #isMapped(): boolean {
    return (this.#shape.fields ?? this.#shape.mapper) !== undefined;
  }

  #map(rows: unknown[][]): unknown {
    const { fields, mapper } = this.#shape;
    return mapper ? mapper(rows) : rows.map((row) => mapResultRow(fields!, row, this.joinsNotNullableMap));
  }

  #send<R>(values: Placeholders, read: (raw: RawResult) => R): Promise<R> {
    const { sql: text } = this.query;
    const params = fillPlaceholders(this.query.params, values ?? {});
    this.#config.logger.logQuery(text, params);
    return this.queryWithCache(text, params, async () =>
      read(await placeOf(this.#on).raw(toPgStatement(text, params))),
    );
  }
}
