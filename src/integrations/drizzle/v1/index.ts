import type { AnyRelations, EmptyRelations } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import type { DrizzlePgConfig } from "drizzle-orm/pg-core/utils";
import type { DrizzleSQLiteConfig } from "drizzle-orm/sqlite-core/utils";
import { type Client, dialectOf } from "../place.ts";
import { type DrizzlePostgres, drizzlePostgres } from "./postgres.ts";
import { type DrizzleSqlite, drizzleSqlite } from "./sqlite.ts";

export type { Client } from "../place.ts";
export type { PgResult } from "../postgres-values.ts";
export type { RunResult } from "../rows.ts";
export { type DrizzlePostgres, drizzlePostgres } from "./postgres.ts";
export { type DrizzleSqlite, drizzleSqlite } from "./sqlite.ts";

/** Drizzle for the dialect whose tables are in the relations. */
type DrizzleOf<TRelations extends AnyRelations> =
  Extract<TRelations[keyof TRelations]["table"], PgTable> extends never
    ? DrizzleSqlite<TRelations>
    : DrizzlePostgres<TRelations>;

type Config<TRelations extends AnyRelations> = DrizzleSQLiteConfig<TRelations> & DrizzlePgConfig<TRelations>;

/**
 * Makes a Drizzle database, drizzle-orm 1.0, on an isopool database. Its queries and transactions are those of the current
 * session, so that inside a transaction `db` and `tx` are the same connection.
 *
 * @param client - a Database: queries join its current session, or run alone. A Session: they run in that one.
 * @param config - Drizzle's own (`relations`, `logger`, `cache`, `codecs`, …), and `dialect`, for a config with no `relations` to
 *   tell it.
 * @throws TypeError when the dialect is not known yet, or is another one than the database's.
 * @example
 * const orm = drizzle(db, { relations });
 * await orm.transaction(async (tx) => {
 *   await tx.insert(users).values({ name: "Ada" });
 *   await orm.insert(log).values({ text: "joins the transaction" });
 * });
 */
export function drizzle<TRelations extends AnyRelations = EmptyRelations, TClient extends Client = Client>(
  client: TClient,
  config: DrizzleSQLiteConfig<TRelations> & { readonly dialect: "sqlite" },
): DrizzleSqlite<TRelations> & { $client: TClient };
export function drizzle<TRelations extends AnyRelations = EmptyRelations, TClient extends Client = Client>(
  client: TClient,
  config: DrizzlePgConfig<TRelations> & { readonly dialect: "postgres" },
): DrizzlePostgres<TRelations> & { $client: TClient };
export function drizzle<TRelations extends AnyRelations, TClient extends Client = Client>(
  client: TClient,
  config: Config<TRelations> & { readonly relations: TRelations; readonly dialect?: undefined },
): DrizzleOf<TRelations> & { $client: TClient };
export function drizzle(
  client: Client,
  { dialect, ...config }: Config<AnyRelations> & { readonly dialect?: "sqlite" | "postgres" | undefined } = {},
): unknown {
  return dialectOf(client, dialect) === "sqlite" ? drizzleSqlite(client, config) : drizzlePostgres(client, config);
}
export type { Migration, Texts } from "../bundle.ts";
export { migrate, type MigrateConfig } from "./migrate.ts";
