// One class, a closed list of codes. docs/errors.md has a section per code.

/** Why a statement failed, in the same words on every adapter. */
export type QueryFailureKind =
  | "unique"
  | "foreign-key"
  | "not-null"
  | "check"
  | "syntax"
  | "parameter"
  | "serialization"
  | "deadlock"
  | "busy"
  | "timeout"
  | "permission"
  | "other";

/** What is wrong with the storage of a database. `absent`: not to be had on this thread. `full`: no room. `failed`: what the `cause` says. */
export type StorageFailure = "absent" | "damaged" | "foreign" | "newer" | "locked" | "full" | "failed";

/** The `details` of each code. */
export interface ErrorDetails {
  SESSION_REQUIRED: { context: string };
  SESSION_CLOSED: { session: string };
  POOL_TIMEOUT: { waitedMs: number; max: number; busy: number; waiting: number };
  POOL_CLOSED: { pool: string };
  POOL_DEADLOCK: { max: number; stacks: readonly string[] };
  POOL_FULL: { maxWaiting: number };
  CONNECT_FAILED: { adapter: string };
  AUTH_FAILED: { adapter: string };
  CONNECTION_LOST: { adapter: string };
  QUERY_FAILED: {
    kind: QueryFailureKind;
    sql: string;
    /** The database's own code: a SQLSTATE (`"23505"`) or an SQLite name (`"SQLITE_CONSTRAINT"`). */
    dialectCode: string | undefined;
    /** Place of the failing statement in its batch, from 0. */
    statementIndex?: number;
    /** Where in `sql` the database stopped reading, from 0. */
    position?: number;
    constraint?: string;
    table?: string;
    columns?: readonly string[];
    schema?: string;
    dataType?: string;
    hint?: string;
    extendedCode?: string;
  };
  QUERY_TIMEOUT: { timeoutMs: number; of: "statement" | "session" };
  TRANSACTION_UNSUPPORTED: { adapter: string; wanted: string };
  TRANSACTION_LOST: { sql: string | undefined };
  TRANSACTION_STATEMENT: { sql: string; remedy: string };
  ROLLBACK_ONLY: { scope: string };
  COMMIT_UNKNOWN: { session: string };
  PROPAGATION_REFUSED: { propagation: string };
  STORAGE_FAILED: {
    storage: string;
    reason?: StorageFailure;
    /** Commits that are in the storage: since it was opened, or, where it is damaged, in what can be read of its log. */
    saved?: number;
    /** Commits that are in memory alone. */
    unsaved?: number;
  };
}

export type ErrorCode = keyof ErrorDetails;

/** `not-executed`: safe to send again. `unknown`: it may have run; isopool never resends it. */
export type Outcome = "not-executed" | "executed" | "unknown";

export interface DbErrorOptions {
  /** The underlying error, if any. */
  readonly cause?: unknown;
  /** Whether the same work may succeed if run again from the start. Default `false`. */
  readonly retryable?: boolean | undefined;
  /** Default `"not-executed"`. */
  readonly outcome?: Outcome | undefined;
}

/** An error of one of these codes: `switch (error.code)` tells which `details` it has. */
export type DbErrorOf<Code extends ErrorCode> = { [Each in Code]: DbError<Each> }[Code];

const BRAND = Symbol.for("isopool.DbError");

/** Every error that isopool creates, except `TypeError` for invalid arguments. */
export class DbError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = "DbError";
  readonly code: Code;
  readonly details: ErrorDetails[Code];
  readonly retryable: boolean;
  readonly outcome: Outcome;

  constructor(code: Code, message: string, details: ErrorDetails[Code], options: DbErrorOptions = {}) {
    super(`${code}: ${message}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = details;
    this.retryable = options.retryable ?? false;
    this.outcome = options.outcome ?? "not-executed";
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/**
 * Tells whether `value` is a DbError, of `code` if given; works across copies of the package, and behind an RPC of Workers.
 *
 * @example
 * if (isDbError(error, "QUERY_FAILED") && error.details.kind === "unique") return "taken";
 */
export function isDbError<Code extends ErrorCode = ErrorCode>(value: unknown, code?: Code): value is DbErrorOf<Code> {
  return (
    value instanceof Error &&
    // What an RPC or a thread passes on has its members, and not the brand.
    (BRAND in value || (value.name === "DbError" && "outcome" in value)) &&
    (code === undefined || (value as unknown as DbError).code === code)
  );
}
