import type { PgTable } from "drizzle-orm/pg-core";
import type { DrizzleConfig } from "drizzle-orm/utils";
import { type Client, dialectOf } from "./place.ts";
import { type DrizzlePostgres, drizzlePostgres } from "./postgres.ts";
import { type DrizzleSqlite, drizzleSqlite } from "./sqlite.ts";

export type { Client } from "./place.ts";
export type { PgResult } from "./postgres-values.ts";
export type { RunResult } from "./rows.ts";
export { type DrizzlePostgres, drizzlePostgres } from "./postgres.ts";
export { type DrizzleSqlite, drizzleSqlite } from "./sqlite.ts";

type Schema = Record<string, unknown>;

type Without = Record<string, never>;

/** Drizzle for the dialect whose tables are in the schema. */
type DrizzleOf<TSchema extends Schema> =
  Extract<TSchema[keyof TSchema], PgTable> extends never ? DrizzleSqlite<TSchema> : DrizzlePostgres<TSchema>;

/**
 * Makes a Drizzle database, drizzle-orm 0.45, on an isopool database. Its queries and transactions are those of the current
 * session, so that inside a transaction `db` and `tx` are the same connection.
 *
 * @param client - a Database: queries join its current session, or run alone. A Session: they run in that one.
 * @param config - Drizzle's own (`schema`, `logger`, `cache`, `casing`), and `dialect`, for a config with no `schema` to tell it.
 * @throws TypeError when the dialect is not known yet, or is another one than the database's.
 * @example
 * const orm = drizzle(db, { schema });
 * await orm.transaction(async (tx) => {
 *   await tx.insert(schema.users).values({ name: "Ada" });
 *   await orm.insert(schema.log).values({ text: "joins the transaction" });
 * });
 */
export function drizzle<TSchema extends Schema = Without, TClient extends Client = Client>(
  client: TClient,
  config: DrizzleConfig<TSchema> & { readonly dialect: "sqlite" },
): DrizzleSqlite<TSchema> & { $client: TClient };
export function drizzle<TSchema extends Schema = Without, TClient extends Client = Client>(
  client: TClient,
  config: DrizzleConfig<TSchema> & { readonly dialect: "postgres" },
): DrizzlePostgres<TSchema> & { $client: TClient };
export function drizzle<TSchema extends Schema, TClient extends Client = Client>(
  client: TClient,
  config: DrizzleConfig<TSchema> & { readonly schema: TSchema; readonly dialect?: undefined },
): DrizzleOf<TSchema> & { $client: TClient };
export function drizzle(
  client: Client,
  { dialect, ...config }: DrizzleConfig<Schema> & { readonly dialect?: "sqlite" | "postgres" | undefined } = {},
): unknown {
  return dialectOf(client, dialect) === "sqlite" ? drizzleSqlite(client, config) : drizzlePostgres(client, config);
}
export type { Journal, Migration, Texts } from "./bundle.ts";
export { migrate, type MigrateConfig } from "./migrate.ts";
