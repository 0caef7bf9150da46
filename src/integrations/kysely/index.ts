// isopool/kysely: Kysely on isopool's sessions.

export { IsopoolDialect, type IsopoolDialectOptions } from "./dialect.ts";
