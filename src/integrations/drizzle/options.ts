import { type Logger, DefaultLogger, NoopLogger } from "drizzle-orm";
import type { Cache } from "drizzle-orm/cache/core";
import {
  createTableRelationsHelpers,
  extractTablesRelationalConfig,
  type ExtractTablesWithRelations,
  type RelationalSchemaConfig,
} from "drizzle-orm/relations";
import type { DrizzleConfig } from "drizzle-orm/utils";

/** What a Drizzle session and all transactions inside it share. */
export interface SessionConfig<TSchema extends Record<string, unknown>> {
  readonly schema: RelationalSchemaConfig<ExtractTablesWithRelations<TSchema>> | undefined;
  readonly logger: Logger;
  /** As the user gave it. */
  readonly cache: Cache | undefined;
}

export function toSessionConfig<TSchema extends Record<string, unknown>>({
  logger,
  cache,
  schema: fullSchema,
}: DrizzleConfig<TSchema>): SessionConfig<TSchema> {
  const extracted =
    fullSchema &&
    extractTablesRelationalConfig<ExtractTablesWithRelations<TSchema>>(fullSchema, createTableRelationsHelpers);
  return {
    schema: extracted && { fullSchema, schema: extracted.tables, tableNamesMap: extracted.tableNamesMap },
    logger: logger === true ? new DefaultLogger() : logger || new NoopLogger(),
    cache,
  };
}
