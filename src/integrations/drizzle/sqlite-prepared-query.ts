import { entityKind, fillPlaceholders, type Query } from "drizzle-orm";
import { SQLitePreparedQuery } from "drizzle-orm/sqlite-core/session";
import type { RawResult, SqlValue } from "../../index.ts";
import { type Cached, type Joins, mapResultRow, type Placeholders, type Mapper } from "./internals.ts";
import type { SessionConfig } from "./options.ts";
import { cacheOf } from "./cache.ts";
import { type Client, placeOf } from "./place.ts";
import { type ObjectRow, type RunResult, toArrays, toObjects, toRunResult } from "./rows.ts";

interface Results {
  type: "async";
  run: RunResult;
  all: unknown;
  get: unknown;
  values: unknown[][];
  execute: unknown;
}

type Rest = ConstructorParameters<typeof SQLitePreparedQuery>;

/** How rows become what Drizzle's user gets; with neither fields nor a mapper they are objects. */
interface Shape {
  readonly fields: readonly unknown[] | undefined;
  readonly isArrays: boolean;
  readonly mapper: Mapper | undefined;
}

export class SqlitePreparedQuery extends SQLitePreparedQuery<Results> {
  static {
    Object.defineProperty(this, entityKind, { value: "IsopoolSQLitePreparedQuery" });
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
    method: Rest[1],
    shape: Shape,
    metadata: Rest[4],
    cacheConfig: Rest[5],
  ) {
    super("async", method, query, cacheOf(on, config.cache), metadata, cacheConfig);
    this.#on = on;
    this.#config = config;
    this.#shape = shape;
  }

  run(values?: Placeholders): Promise<RunResult> {
    return this.#send(values, toRunResult);
  }

  async all(values?: Placeholders): Promise<unknown> {
    return this.#isMapped ? this.#mapAll(await this.values(values)) : this.#send(values, toObjects);
  }

  async get(values?: Placeholders): Promise<unknown> {
    return this.#isMapped ? this.#mapFirst(await this.values(values)) : (await this.#send(values, toObjects))[0];
  }

  values(values?: Placeholders): Promise<unknown[][]> {
    return this.#send(values, toArrays);
  }

  // Of a batch: the result as it came.
  override mapRunResult(result: RawResult): RunResult {
    return toRunResult(result);
  }

  override mapAllResult(result: RawResult): unknown {
    return this.#isMapped ? this.#mapAll(toArrays(result)) : toObjects(result);
  }

  override mapGetResult(result: RawResult): unknown {
    return this.#isMapped ? this.#mapFirst(toArrays(result)) : toObjects(result)[0];
  }

  /** @internal */
  isResponseInArrayMode(): boolean {
    return this.#shape.isArrays;
  }

  get #isMapped(): boolean {
    return (this.#shape.fields ?? this.#shape.mapper) !== undefined;
  }

  #mapAll(rows: unknown[][]): unknown {
    return this.#shape.mapper ? this.#shape.mapper(rows) : rows.map((row) => this.#mapRow(row));
  }

  #mapFirst(rows: unknown[][]): unknown {
    const [row] = rows;
    return row && (this.#shape.mapper ? this.#shape.mapper(rows) : this.#mapRow(row));
  }

  #mapRow(row: unknown[]): ObjectRow {
    return mapResultRow(this.#shape.fields!, row, this.joinsNotNullableMap);
  }

  #send<T>(values: Placeholders, read: (raw: RawResult) => T): Promise<T> {
    const { sql: text } = this.query;
    const params = fillPlaceholders(this.query.params, values ?? {});
    this.#config.logger.logQuery(text, params);
    return this.queryWithCache(text, params, async () =>
      read(await placeOf(this.#on).raw({ text, params: params as SqlValue[] })),
    );
  }
}
