// What an adapter must do: open connections of one kind, and carry flights on them.
// An adapter knows SQL dialects and drivers; it knows nothing of pools, sessions or contexts.

import type { AdapterEvent, AdapterStatus } from "./events.ts";
import type { RawResult, RowBatch, Statement } from "./statement.ts";

export type MaybePromise<T> = T | Promise<T>;

export type IsolationLevel = "read uncommitted" | "read committed" | "repeatable read" | "serializable";
export type AccessMode = "read write" | "read only";

/** The SQL dialect of an adapter. */
export type Dialect = "sqlite" | "postgres";

/** PostgreSQL settings by name; `role` is the role. They hold for one transaction, and end with it. */
export type Settings = Readonly<Record<string, string | number | boolean>>;

/** How a transaction begins. */
export interface BeginOptions {
  readonly isolationLevel?: IsolationLevel | undefined;
  readonly accessMode?: AccessMode | undefined;
  /** PostgreSQL: set by the adapter together with BEGIN, for this transaction alone. */
  readonly settings?: Settings | undefined;
  /** SQLite: when BEGIN takes the lock for writing. */
  readonly behavior?: "deferred" | "immediate" | "exclusive" | undefined;
  /** SQLite: the adapter turns foreign keys off before BEGIN, checks them before COMMIT, and turns them on again. */
  readonly foreignKeys?: "off" | undefined;
}

/** What connections of one kind can do: data, checked before the first statement. */
export interface Capabilities {
  readonly dialect: Dialect;
  /** `isolate`: the connection is plain data and outlives a request. `request`: it is a socket and does not. */
  readonly affinity: "isolate" | "request";
  /** `batch`: only a list that is known in full runs as one transaction. */
  readonly transactions: "interactive" | "batch";
  readonly savepoints: boolean;
  /**
   * Writes of a transaction run at its COMMIT: then their failures and counts are known, and until then the transaction does not
   * read what they change. Default `false`.
   */
  readonly writesAtCommit?: boolean | undefined;
  readonly streaming: boolean;
  /** Most connections to one source; the pool's `max` never exceeds it. */
  readonly maxConnections: number;
  /** How a placeholder is written in SQL: `?` or `$1`. */
  readonly placeholder: "?" | "$";
  readonly isolationLevels: readonly IsolationLevel[];
  /** True: sending on a dead connection fails before anything runs, so no ping is needed. */
  readonly tellsDeath: boolean;
}

/** Creates adapters for the sources of some URL schemes; `sqlJs()`, `libsql()` and `neon()` return one. */
export interface AdapterFactory {
  /** What its adapters speak: known before the URL is. */
  readonly dialect?: Dialect | undefined;
  /** Without the colon: `["libsql", "http", "https"]`. */
  readonly schemes: readonly string[];
  /** What affects a session besides the URL; two sources share a pool only if these are identical. */
  readonly identity: readonly unknown[];
  /** Checks the URL and remembers it. No I/O, no timer, no random number.
   *  @throws TypeError if the URL is not valid for this adapter; it never shows a secret of the URL. */
  create(source: AdapterSource): Adapter;
}

export interface AdapterSource {
  readonly url: string;
  /** Working folder of adapters that store files; `""` when none was set. */
  readonly folder: string;
}

/** One configured source of connections. */
export interface Adapter {
  /** For messages and events: `"sql-js"`. */
  readonly name: string;
  /** The normalised URL without secrets; `undefined`: private to one Database, never shared (`sqljs:memory`). */
  readonly key: string | undefined;
  readonly capabilities: Capabilities;
  /**
   * Checks a statement before a connection is taken for it: one statement in the text, and a value for each placeholder.
   * Values that cannot be bound are refused by their position or name.
   *
   * @throws DbError `QUERY_FAILED` of kind `parameter` or `syntax` if text and values do not match; no value is shown.
   */
  check?(statement: Statement, place: StatementPlace): void;
  /** Cuts a text into its statements, as the database reads it, for `script()`. Absent: a text is one statement. */
  split?(text: string): readonly string[];
  /**
   * How a statement that stands outside of any session reads. `shared`: it may leave in one flight with others that are asked in
   * the same turn, and has an outcome of its own, as if alone. `alone`: it leaves alone. `undefined`, or absent: it may write.
   */
  readsAs?(text: string): "shared" | "alone" | undefined;
  /**
   * Opens one connection. Rejects with `CONNECT_FAILED` or `AUTH_FAILED`, or with the signal's reason: an aborted open leaves
   * nothing open.
   */
  open(options: OpenOptions): MaybePromise<DriverConnection>;
  /** As of now, for `stats()`. */
  readonly status?: AdapterStatus | undefined;
  /** Called once, before the first `open()`: calls `listener` with what happens to the database by itself. */
  listen?(listener: (event: AdapterEvent) => void): void;
  /** Frees what outlives connections: files, engines. Called once, after the last connection is closed. */
  dispose?(): MaybePromise<void>;
}

/**
 * Where a statement runs. `setup`: on a new connection, for all its users. `session`: its effects last as long as the
 * session has the connection. `transaction`: as `session`, with a transaction open. `autocommit`: alone; the connection
 * is returned immediately.
 */
export type StatementPlace = "setup" | "session" | "transaction" | "autocommit";

export interface OpenOptions {
  /** The current URL: a URL function is called for every connection. */
  readonly url: string;
  readonly signal: AbortSignal;
}

/** One physical connection, used by one session at a time, one flight at a time. */
export interface DriverConnection {
  /** The driver's own handle, for what isopool does not wrap. */
  readonly raw: unknown;
  /** The adapter's own setup: precedes the connection's first statement, after the hooks. */
  readonly setup: readonly Statement[];
  /** As of the last answer. `failed`: only a rollback is possible. `closed`: unusable. */
  readonly state: "idle" | "transaction" | "failed" | "closed";
  /** It was closed from here, and not by its server: its end says nothing about other connections. */
  readonly endedHere?: boolean | undefined;
  /** Proven idle, and nothing of the session stays behind (temporary tables, settings) that the next one would see. */
  readonly isReusable: boolean;
  /**
   * The session has left something in it that another connection would not have: settings, temporary tables, locks. Where it is
   * `false` and no transaction is open, the session may go on on another one. `undefined`: not known.
   */
  readonly hasSessionState?: boolean | undefined;
  /**
   * The database is in this process, and `send()` mostly answers at once. There is no round trip that statements of one tick could
   * share: each is sent within the call that asks for it, where nothing else of its session is under way. Default `false`: what is
   * asked in one tick leaves together.
   */
  readonly answersAtOnce?: boolean | undefined;
  /**
   * Sends the steps to the database in order, in as few round trips as the driver allows: one, if it can pipeline.
   *
   * - If the signal is already aborted, nothing is sent, and the connection may stay good.
   * - On a closed connection: `CONNECTION_LOST`, with the outcome `not-executed`.
   * - Bytes in a result are the reader's own copy; columns of the same name stay apart; a write without rows has no columns.
   *
   * @returns one outcome per step of `flight.steps`. A step that failed does not reject: its outcome holds the error.
   * @throws DbError if the flight as a whole failed (`CONNECTION_LOST`, …), with its `outcome`; or the signal's
   *   reason, unchanged. `state` is `closed` then, unless the connection is proven good.
   */
  send(flight: Flight, signal?: AbortSignal): MaybePromise<StepOutcome[]>;
  /**
   * Reads a statement's rows in batches. The iterator's `return()` frees what the statement holds, and other statements may
   * run between two batches. A statement that writes has run to its end when its first batch is there. When the transaction
   * is rolled back, `next()` throws `TRANSACTION_LOST`; when the connection is closed, `CONNECTION_LOST`.
   */
  stream?(statement: Statement, options: StreamOptions): RowStream;
  /** Called when another session takes the connection: state of the last one must be gone before the next statement, sent or streamed. */
  renew?(): void;
  /**
   * Called with false when nobody has the connection, with true when it is lent or closed: whether its socket keeps the process alive.
   * For platforms that can `unref()` sockets.
   */
  hold?(isHeld: boolean): void;
  /** Pings the database; rejects or returns `false` if there is no answer. Only used without `tellsDeath`. */
  ping?(signal: AbortSignal): MaybePromise<boolean | void>;
  /** Called once; again, in another request, where it has rejected with `CONNECT_FAILED`. After it, nothing of the connection is open. */
  close(): MaybePromise<void>;
}

export interface StreamOptions {
  /** Rows per batch. Integer >= 1. */
  readonly batchSize: number;
  /** True: the size is a default, and later batches may be larger. */
  readonly mayGrow?: boolean | undefined;
  /** Hold for a statement that is outside of a transaction, as those of a flight do. */
  readonly settings?: Settings | undefined;
  /** `false`: as in a flight. */
  readonly fresh?: false | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Batches of rows, in order; `next()` is never called twice at a time. */
export interface RowStream {
  next(): MaybePromise<IteratorResult<RowBatch, void>>;
  return(): MaybePromise<void>;
}

/** Steps that travel to the server together. */
export interface Flight {
  readonly steps: readonly Step[];
  /**
   * Run after the steps, only when one of them stopped the flight. If one fails while the transaction is still open, the
   * connection is closed: its state is unknown.
   */
  readonly undo?: readonly Step[];
  /** Hold for every statement of the flight that is outside of a transaction begun by a step. */
  readonly settings?: Settings | undefined;
  /** `false`: what it reads may be older than what this database has seen. */
  readonly fresh?: false | undefined;
}

/**
 * One step of a flight. In a `read only` transaction, a write fails with `QUERY_FAILED` of kind `permission`. Without an open
 * transaction, `rollback` is done, and `commit` and the savepoints fail with `TRANSACTION_LOST` or are skipped. A savepoint's
 * name may hold any characters: quote it. A `commit` that fails leaves the transaction to be rolled back by `undo`.
 */
export type Step =
  | QueryStep
  /** `until`: when it is given up, in milliseconds since 1970. An adapter whose transaction holds timers up ends it then. */
  | { readonly kind: "begin"; readonly options: BeginOptions; readonly until?: number | undefined }
  | { readonly kind: "commit" }
  | { readonly kind: "rollback" }
  | { readonly kind: "savepoint"; readonly name: string; readonly until?: number | undefined }
  | { readonly kind: "release" | "rollback-to"; readonly name: string };

export interface QueryStep {
  readonly kind: "query";
  readonly statement: Statement;
  /** True: belongs to a transaction, and is skipped if that is gone, also when the database ended it on its own. */
  readonly guarded: boolean;
  /** `stop`: if it fails, the later steps are skipped, and `undo` runs. All other kinds of step stop. */
  readonly onError: "stop" | "continue";
  /** True: setup of a new connection. The state it leaves is permanent, and does not affect `isReusable`. */
  readonly isSetup?: boolean;
}

/** The outcome of one step. */
export type StepOutcome =
  | { readonly status: "done"; readonly result: RawResult }
  | { readonly status: "failed"; readonly error: Error }
  | { readonly status: "skipped" };
