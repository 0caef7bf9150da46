// What a server is started with, and what it tells: all of it plain data, for it travels between processes.

/** `sqld`: the open source server. `turso-cloud`: what Turso documents of its own service. */
export type ProfileName = "sqld" | "turso-cloud";

export interface LibsqlServerOptions {
  readonly profile?: ProfileName;
  /** Program of a real sqld, which then answers in place of our own server. It can be told nothing else but a port. */
  readonly program?: string;
  /** Port on 127.0.0.1; 0 = a free one. Default 0. */
  readonly port?: number;
  /** Folder of the database files; a temporary one, removed at the end, when none is given. */
  readonly folder?: string;
  /** An idle stream is forgotten after this long. Default 10_000. */
  readonly expirationMs?: number;
  /** Whoever waits for the write lock takes it from a transaction that is older. Default 5_000. */
  readonly txnTimeoutMs?: number;
  /** `queue`: writers wait for each other in the server. `fail`: they are told SQLITE_BUSY at once. Default `queue`. */
  readonly busy?: "queue" | "fail";
  /** Added to every request, half before and half after its work. Default 0. */
  readonly latencyMs?: number;
  /** Tokens that are let in, and what they may do. Default: no token is asked for. */
  readonly tokens?: Readonly<Record<string, "full" | "read-only">>;
  /** Told to clients as the URL to go on with. */
  readonly baseUrl?: string;
  /** Most streams at once; who comes then waits for a second. Default 128. */
  readonly maxStreams?: number;
  /** Default 10_000_000, as in sqld. */
  readonly maxResponseBytes?: number;
  /** `v2`: a server from before version 3 of the protocol. Default `v3`. */
  readonly newest?: "v2" | "v3";
}

/** One HTTP request, as the server saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  /** Types of the requests in a pipeline, in order; `["cursor"]` for a cursor. */
  readonly types: readonly string[];
  /** SQL texts in it, in order. */
  readonly sql: readonly string[];
  readonly hasBaton: boolean;
  readonly authorization: string | undefined;
  /** HTTP status, or what a fault did instead of answering. */
  readonly status: number | string;
}

/** A stream that is open at the server. */
export interface OpenStream {
  readonly number: number;
  readonly isInTransaction: boolean;
  /** Whether it holds the write lock. */
  readonly isWriter: boolean;
}

export interface Counts {
  readonly streamsOpened: number;
  readonly streamsExpired: number;
  readonly forcedRollbacks: number;
  /** Writers that wait now for a transaction to end. */
  readonly waiting: number;
  readonly mostOpen: number;
}

/**
 * What goes wrong, once or `times` times, with the next requests that match.
 *
 * - `status`: that HTTP status, and nothing is executed.
 * - `drop-before`, `drop-after`: the connection is reset, with nothing or with everything executed.
 * - `truncate`: half of the answer is sent. `hang`: no answer comes; nothing is executed. `hang-after`: after all was executed.
 * - `no-baton`: the stream is closed, and the answer holds no baton. `base-url`: the client is sent elsewhere.
 * - `refuse`: SQLite itself refuses one statement; `after` counts statements then, not requests.
 */
export interface Fault {
  readonly action:
    | "status"
    | "drop-before"
    | "drop-after"
    | "truncate"
    | "hang"
    | "hang-after"
    | "no-baton"
    | "base-url"
    | "refuse";
  readonly status?: number;
  readonly body?: string;
  readonly contentType?: string;
  readonly baseUrl?: string;
  /** Default 1. */
  readonly times?: number;
  /** Requests that match and are let through before it begins. Default 0. */
  readonly after?: number;
  /** Only requests in which some SQL text holds this. */
  readonly sql?: string;
  /** Only requests whose path ends so: `cursor`, `v3/pipeline`. */
  readonly path?: string;
}
