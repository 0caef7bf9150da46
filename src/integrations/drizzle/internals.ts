// What is there in drizzle-orm 0.45 at run time, and is left out of its types as internal.

import type { Query } from "drizzle-orm";
import * as utils from "drizzle-orm/utils";

export type Placeholders = Record<string, unknown> | undefined;

/** Tables whose columns are never null in a join. */
export type Joins = Record<string, boolean> | undefined;

type MapRow = (fields: readonly unknown[], row: readonly unknown[], joins: Joins) => Record<string, unknown>;

export const mapResultRow: MapRow = (utils as unknown as { readonly mapResultRow: MapRow }).mapResultRow;

/** Makes values of the columns of rows. The second parameter is for drivers that give other values than ours does. */
export type Mapper = (rows: unknown[][]) => unknown;

/** Runs a query, or has its rows from the cache; what fails becomes a DrizzleQueryError. */
export type Cached = <T>(text: string, params: unknown[], query: () => Promise<T>) => Promise<T>;

/** What a query builder prepares for a batch. */
export interface Batched {
  _prepare(): { getQuery(): Query; mapResult(result: unknown, isFromBatch: boolean): unknown };
}
