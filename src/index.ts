// The public door: re-exports only.

export { asyncContext, type AsyncContextLike } from "./context/async-context.ts";
export { asyncLocal, type AsyncLocalStorageClass, type AsyncLocalStorageLike } from "./context/async-local.ts";
export type { AmbientOptions } from "./context/ambient.ts";
export { explicit } from "./context/explicit.ts";
export { zone, type ZoneLike } from "./context/zone.ts";
export type * from "./contract/adapter.ts";
export type * from "./contract/context.ts";
export type * from "./contract/events.ts";
export type * from "./contract/runtime.ts";
export type * from "./contract/statement.ts";
export { createDatabase, type Database } from "./database.ts";
export type { DatabaseOptions, UrlSource } from "./database-options.ts";
export type { AttachablePool, DatabaseStats } from "./database-stats.ts";
export {
  DbError,
  type DbErrorOf,
  type DbErrorOptions,
  type ErrorCode,
  type ErrorDetails,
  isDbError,
  type Outcome,
  type QueryFailureKind,
} from "./errors.ts";
export { ConnectionPool, type Lease, type PoolOptions, type PoolSource, type PoolStats } from "./pool/pool.ts";
export { pools } from "./pool/registry.ts";
export type { CreatePool, Pool, PoolRuntime } from "./pool/runtime.ts";
export { shared } from "./runtime/shared.ts";
export type { SessionDefaults } from "./session-defaults.ts";
export type { SettleCallback } from "./session/callbacks.ts";
export type { Connection } from "./session/connection.ts";
export type { Cursor } from "./session/cursor.ts";
export type { DeadlineOptions } from "./session/deadline.ts";
export type { Hook } from "./session/hooks.ts";
export { closeAllInstances, setFolder } from "./session/instances.ts";
export type { Propagation } from "./session/propagation.ts";
export type { BatchResults, Queryable, RowOf, StreamRowsOptions } from "./session/queryable.ts";
export type { RetryOptions } from "./session/retry.ts";
export type { SavepointOptions } from "./session/savepoint.ts";
export type { CloseAction, Savepoint, Session } from "./session/session.ts";
export type { SessionOptions, TransactionOptions } from "./session/session-options.ts";
export type { SqlPart, SqlQuery } from "./session/sql-query.ts";
export type { SqlTag } from "./session/sql-tag.ts";
export type { StatementInput } from "./session/statement.ts";
