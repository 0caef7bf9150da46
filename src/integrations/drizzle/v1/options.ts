import { type AnyRelations, DefaultLogger, type Logger, NoopLogger } from "drizzle-orm";
import type { Cache } from "drizzle-orm/cache/core";
import * as utils from "drizzle-orm/utils";
import type { DrizzleConfig } from "drizzle-orm/utils";

/** What a Drizzle session and all transactions inside it share. */
export interface SessionConfig<TRelations extends AnyRelations> {
  readonly relations: TRelations;
  readonly logger: Logger;
  readonly cache: Cache | undefined;
  readonly paramsInErrors: boolean | undefined;
}

export type Mode = "arrays" | "objects" | "raw";

// oxlint-disable-next-line typescript/no-explicit-any -- Drizzle's own type of it
export type Mapper = ((rows: any[]) => unknown) | undefined;

/** What a query builder prepares for a batch: Drizzle's own, whose fields are internal. */
export interface Batched {
  _prepare(): Prepared;
}

export interface Prepared {
  readonly executeMethod?: string;
  readonly mapper: Mapper;
  readonly mode: Mode;
  getQuery(): { readonly sql: string; readonly params: unknown[] };
}

/** Whether row mappers may be compiled; left out of Drizzle's types as internal. */
export const jitCompatCheck: (isEnabled: boolean | undefined) => boolean = (
  utils as unknown as { readonly jitCompatCheck: typeof jitCompatCheck }
).jitCompatCheck;

export function toSessionConfig<TRelations extends AnyRelations>({
  logger,
  cache,
  relations = {} as TRelations,
  paramsInErrors,
}: DrizzleConfig<TRelations>): SessionConfig<TRelations> {
  const own = logger === true ? new DefaultLogger() : logger || new NoopLogger();
  return { relations, logger: own, cache, paramsInErrors };
}
