import type { Capabilities, MaybePromise } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import type { DbError } from "../../errors.ts";
import type { Stored } from "../sqlite/values.ts";

/** A statement as a driver binds it: all placeholders are `?`, whole numbers are `bigint`. */
export interface DriverStatement {
  readonly text: string;
  readonly values: readonly Stored[];
  /** True: it reads rows, and does nothing else. */
  readonly isRead: boolean;
}

/** What a driver returned. */
export interface DriverResult {
  /** Column names in order; `[]` if the statement returns no rows. */
  readonly columns: readonly string[];
  /** Rows as arrays. Integers as `bigint`, or as `number` if they are exact; bytes as any view or an ArrayBuffer. */
  readonly rows: readonly (readonly unknown[])[];
  /** Rows inserted, updated or deleted. Without it, SQLite is asked for it, and for the row id of an insert. */
  readonly rowsAffected?: number | bigint | undefined;
  readonly lastInsertRowid?: number | bigint | undefined;
}

/** Rows that a driver reads step by step. Its iterator's `return()` must free what the statement holds. */
export interface DriverRows {
  readonly columns: readonly string[];
  readonly rows: Iterable<readonly unknown[]> | AsyncIterable<readonly unknown[]>;
}

/** What `open()` is called with. */
export interface OpenSource {
  /** The current URL: a URL function is called for every connection. */
  readonly url: string;
  /** Working folder of adapters that store files; `""` when none was set. */
  readonly folder: string;
  /** Aborts when nobody waits for the connection any more. */
  readonly signal: AbortSignal;
}

/** How a SQLite driver opens, runs and closes. */
export interface SimpleAdapterOptions<Driver> {
  /** For messages and events: `"node-sqlite"`. */
  readonly name: string;
  /** URL schemes without the colon: `["file"]`. */
  readonly schemes: readonly string[];
  /** Opens one connection. An error that is no DbError becomes the cause of `CONNECT_FAILED`. */
  readonly open: (source: OpenSource) => MaybePromise<Driver>;
  /** Runs one statement to its end. It throws what the driver throws. */
  readonly run: (driver: Driver, statement: DriverStatement) => MaybePromise<DriverResult>;
  /** Whether a transaction is open on this connection, as SQLite itself says: it may have ended one on its own. */
  readonly inTransaction: (driver: Driver) => boolean;
  /** Closes the connection. Called once; an open transaction was rolled back before. */
  readonly close: (driver: Driver) => MaybePromise<void>;
  /**
   * Translates what the driver threw. Return `undefined` for the default, which reads SQLite's own message. An error with the
   * code `CONNECTION_LOST` ends the connection.
   */
  readonly toError?: ((thrown: unknown, statement: Statement) => DbError | undefined) | undefined;
  /** Whether the connection still works, answered without asking the database. */
  readonly isOpen?: ((driver: Driver) => boolean) | undefined;
  /** Reads a query step by step, while other statements run on the connection. Without it, the adapter does not stream. */
  readonly stream?: ((driver: Driver, statement: DriverStatement) => MaybePromise<DriverRows>) | undefined;
  /**
   * The normalised URL without secrets; `undefined` if each Database has a source of its own. Default: the URL as it is, and
   * `undefined` for a path of `memory`.
   *
   * @throws TypeError if the URL is not valid; its message must not show a secret.
   */
  readonly key?: ((url: string) => string | undefined) | undefined;
  /** What affects a session besides the URL; two sources share a pool only if these are identical. Default: `[options.open]`. */
  readonly identity?: readonly unknown[] | undefined;
  /** Run first on every connection. Default: `PRAGMA foreign_keys = ON`. */
  readonly setup?: readonly Statement[] | undefined;
  /** What differs from: one connection, which outlives requests; every isolation level, because SQLite is serializable. */
  readonly capabilities?: Partial<Pick<Capabilities, "affinity" | "maxConnections" | "isolationLevels">> | undefined;
}
