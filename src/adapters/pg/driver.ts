// What is used of `pg` and of postgres.js, declared by their shapes: the user passes the driver in.

import type { ClientWire, WireClient } from "../postgres/wire.ts";

/** What a Client of `pg` is made of. */
export interface PgConfig {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  application_name?: string;
  connectionString?: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- the options of tls.connect()
  ssl?: any;
}

/** `Client` of `pg`. */
export type PgClientClass = new (config: PgConfig) => object;

/** The driver's end of a socket. */
export interface PgWire extends ClientWire {
  connect(port: number, host: string): void;
  requestSsl(): void;
  cancel(processID: number, secretKey: number): void;
}

/** The parts of a Client that its types leave out. */
export interface PgClient extends WireClient {
  readonly connection: PgWire;
  readonly host: string;
  readonly port: number;
  readonly secretKey: number;
  readonly ssl: unknown;
  readonly sslNegotiation: string | undefined;
  password: unknown;
}

/** What a connection of postgres.js is made of. */
export interface PostgresJsOptions {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  max: number;
  prepare: boolean;
  fetch_types: boolean;
  idle_timeout: number;
  connect_timeout: number;
  onnotice: () => void;
  onclose: () => void;
  // oxlint-disable-next-line typescript/no-explicit-any -- the options of tls.connect(), or a word
  ssl?: any;
  sslnegotiation?: string;
  connection?: { application_name: string };
}

/** `postgres` of postgres.js. */
export type PostgresFunction = (options: PostgresJsOptions) => unknown;

/** A connection that nobody else has. */
export interface ReservedSql {
  unsafe(text: string, args: never[], options: { simple: boolean; prepare: false }): JsQuery;
}

export interface RootSql extends ReservedSql {
  reserve(): Promise<ReservedSql>;
  end(options: { timeout: number }): Promise<void>;
}

/** A statement; it is queued when it is executed, and awaited once. */
export interface JsQuery extends Promise<JsResult> {
  /** Given beforehand, they need no round trip that asks for their types. */
  parameters: (string | null)[] | null;
  raw(): JsQuery;
  execute(): JsQuery;
  cancel(): void;
  reject(error: Error): void;
}

/** Rows of bytes. */
export interface JsResult extends ReadonlyArray<readonly (Uint8Array | null)[]> {
  readonly columns?: readonly { readonly name: string; readonly type: number }[] | null;
  readonly command?: string | null;
  readonly count?: number | null;
}
