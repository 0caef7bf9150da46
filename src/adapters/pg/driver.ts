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
  readonly stream: { cork?(): void; uncork?(): void; destroy(): unknown };
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
