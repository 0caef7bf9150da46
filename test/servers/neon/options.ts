// What a server is started with, and what it tells: all of it plain data, for it travels between processes.

export type PostgresVersion = 15 | 18;

export interface NeonServerOptions {
  /** Major version of PostgreSQL. Default 18. */
  readonly version?: PostgresVersion;
  /** Port on 127.0.0.1; 0 = a free one. Default 0. */
  readonly port?: number;
  /** Added to whatever travels, each way, in milliseconds; a TCP handshake pays twice. Default 0. */
  readonly delayMs?: number;
  /** First labels of the hosts that exist, without `-pooler`. Default: every host does. */
  readonly endpoints?: readonly string[];
  /** Largest body of `POST /sql`: 413 beyond. Default 64 MiB, as Neon documents. */
  readonly maxRequestBytes?: number;
  /** Largest answer of `POST /sql`: 507 beyond. Default 64 MiB. */
  readonly maxResponseBytes?: number;
  /** Puts a pgbouncer in transaction mode, of so many connections to PostgreSQL, between the WebSockets and PostgreSQL. */
  readonly pooler?: number;
  /** Most idle connections kept for `POST /sql`, by user and database. Default 20. */
  readonly maxIdleBackends?: number;
}

/** A database of its own, with a URL like Neon's. */
export interface NeonDatabase {
  readonly name: string;
  readonly user: string;
  readonly password: string;
  /** `postgresql://user:password@ep-test.local.neon.test/name?sslmode=require&channel_binding=require` */
  readonly url: string;
  /** The same database at PostgreSQL itself, over TCP and without the proxy: for comparisons. */
  readonly directUrl: string;
}

/**
 * One thing that a client sent.
 *
 * - `http`: a `POST /sql`. `upgrade`: the request that opens a WebSocket. `tunnel`: one WebSocket message.
 * - `cancel`: a CancelRequest in a WebSocket of its own. `terminate`: a goodbye, for which nobody waits.
 */
export interface SeenRequest {
  readonly via: "http" | "upgrade" | "tunnel" | "cancel" | "terminate";
  /** Number of the tunnel; `undefined` over HTTP. */
  readonly tunnel: number | undefined;
  /** SQL texts in it, in order: of queries, or of Parse and Query messages. */
  readonly sql: readonly string[];
  /** Parameters of each text, over HTTP. */
  readonly params: readonly (readonly unknown[])[];
  /** Letters of the protocol's messages: `*` is a startup, `p` a password, `PBDES` a query. Empty over HTTP. */
  readonly messages: string;
  /** Whether it is a batch of `POST /sql`. */
  readonly isBatch: boolean;
  /** Of HTTP requests and of upgrades; lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Path with its search. */
  readonly path: string;
  /**
   * Whether it left after an answer had been waited for. Every HTTP request and upgrade does; a WebSocket message does
   * when the server has sent something since the last one, or nothing was asked before. Cancels and goodbyes do not count.
   */
  readonly isFlight: boolean;
  /** HTTP status, `passed` on to PostgreSQL, or what a fault did. */
  readonly status: number | string;
}

export interface Counts {
  /** Round trips that clients have waited for: requests with `isFlight`. */
  readonly flights: number;
  readonly tunnelsOpened: number;
  /** Connections to PostgreSQL made for `POST /sql`. */
  readonly backendsOpened: number;
  /** Most TCP connections open at once, to HTTP and WebSocket together. */
  readonly peakSockets: number;
  /** Most tunnels with a session open at once: one that only cancels has none. */
  readonly peakTunnels: number;
}

/** What is open: what a test left behind. */
export interface OpenReport {
  readonly tunnels: readonly OpenTunnel[];
  /** Clients' backends in pg_stat_activity; those idle in the cache of `POST /sql` are left out. */
  readonly backends: readonly OpenBackend[];
  /** Advisory locks held by clients' backends. */
  readonly advisoryLocks: number;
}

export interface OpenTunnel {
  readonly number: number;
  /** Of the last ReadyForQuery: `I` idle, `T` in a transaction, `E` in a failed one; `?` before the first, `Q` while a query runs. */
  readonly status: string;
}

export interface OpenBackend {
  readonly pid: number;
  /** As in pg_stat_activity: `idle`, `active`, `idle in transaction`. */
  readonly state: string;
  readonly query: string;
}

/**
 * What goes wrong, once or `times` times, with the next thing that matches.
 *
 * With `POST /sql` (`on: "http"`):
 * - `status`: that HTTP status and body; nothing is executed. A 200 with a body that is no JSON is one too.
 * - `drop-before`, `drop-after`: the connection is reset, with nothing or with everything executed.
 * - `truncate`: half of the answer's body, then a reset; everything was executed.
 * - `hang`, `hang-after`: no answer comes; nothing or everything was executed.
 *
 * With a WebSocket's upgrade (`on: "upgrade"`): `status` (refused), `drop-before` (reset), `hang`.
 *
 * With a WebSocket message (`on: "tunnel"`):
 * - `drop-before`: the tunnel is cut, and PostgreSQL gets nothing of the message.
 * - `drop-during`: PostgreSQL gets the message, and the tunnel is cut at once: in mid-query.
 * - `drop-after`: PostgreSQL has answered all of it, the answer is lost and the tunnel is cut.
 * - `hang`, `hang-after`: nothing is passed on, or no answer is; the tunnel stays.
 * - `error`: the message is answered by an error (`body`: its text, `code`: default XX000), and the tunnel is closed: what Neon does at startup.
 *
 * With one statement in any of them (`on: "statement"`; COMMIT does not count): `refuse`, by PostgreSQL itself.
 */
export interface Fault {
  readonly on: "http" | "upgrade" | "tunnel" | "statement";
  readonly action:
    | "status"
    | "drop-before"
    | "drop-during"
    | "drop-after"
    | "truncate"
    | "hang"
    | "hang-after"
    | "error"
    | "refuse";
  readonly status?: number;
  readonly body?: string;
  readonly contentType?: string;
  /** SQLSTATE of `error`. */
  readonly code?: string;
  /** Default 1. */
  readonly times?: number;
  /** How many that match are let through before it begins. Default 0. */
  readonly after?: number;
  /** Only statements that do not begin so. */
  readonly spares?: string;
  /** Only where some SQL text holds this. */
  readonly sql?: string;
  /** Only WebSocket messages that hold a message with this letter: `*` startup, `p` password. */
  readonly message?: string;
}

/** Which tunnels are cut, and how. */
export interface Kill {
  /** Default `all`. `idle`: whose last status is `I`. `transaction`: `T` or `E`. `active`: where a query runs. `hung`: which hang by a fault, upgrades and `POST /sql` too. */
  readonly which?: "all" | "idle" | "transaction" | "active" | "hung";
  /** `cut`: the TCP connection is reset. `close`: a close frame comes first. `terminate`: PostgreSQL says 57P01 first. Default `cut`. */
  readonly how?: "cut" | "close" | "terminate";
}
