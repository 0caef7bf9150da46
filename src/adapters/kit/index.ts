// The public kit for adapters that live outside of this package.

export type * from "../../contract/adapter.ts";
export type * from "../../contract/statement.ts";
export {
  DbError,
  type DbErrorOptions,
  type ErrorCode,
  type ErrorDetails,
  isDbError,
  type Outcome,
  type QueryFailureKind,
} from "../../errors.ts";
export { type Failures, type Fate, failuresOf, transactionLost } from "../shared/failures.ts";
export { takeSteps } from "../shared/flight.ts";
export { refusal } from "../shared/refusal.ts";
export { scrub } from "../shared/scrub.ts";
export { textOf as postgresControl } from "../postgres/control.ts";
export { toDbError as toPostgresError } from "../postgres/errors.ts";
export type { ParserOptions } from "../postgres/parsers.ts";
export { scan as scanPostgres, type Scan as PostgresScan, split as splitPostgres } from "../postgres/scan.ts";
export { bind as bindPostgres, type Bound as PostgresBound } from "../postgres/values.ts";
export type { ServerError } from "../postgres/wire.ts";
export { controlText as sqliteControl } from "../sqlite/control.ts";
export { checkPlace as checkSqlitePlace } from "../sqlite/place.ts";
export { toSqliteError } from "../sqlite/refused.ts";
export { scan as scanSqlite, type Scan as SqliteScan, split as splitSqlite } from "../sqlite/scan.ts";
export { bindSqlite, type Bound as SqliteBound, readSqlite, type Stored } from "../sqlite/values.ts";
export type { DriverResult, DriverRows, DriverStatement, OpenSource, SimpleAdapterOptions } from "./options.ts";
export type { PostgresResult, PostgresStatement, SimplePostgresOptions } from "./postgres-options.ts";
export { simpleAdapter } from "./simple-adapter.ts";
export { simplePostgresAdapter } from "./simple-postgres.ts";
