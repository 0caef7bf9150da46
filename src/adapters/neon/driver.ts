// What is used of @neondatabase/serverless, declared by its shape: the user passes the driver in. Its ESM and CJS copies have
// classes of their own, so that nothing here is told by `instanceof`.

import type { RawField, WireClient } from "../postgres/wire.ts";

/** The driver's settings: its own `neonConfig`, or some of them as a plain object, for one database alone. */
export interface NeonSettings {
  readonly fetchEndpoint?: string | ((host: string, port: number | string, options?: { jwtAuth?: boolean }) => string);
  // oxlint-disable-next-line typescript/no-explicit-any -- the driver's own type
  readonly fetchFunction?: any;
  readonly wsProxy?: string | ((host: string, port: number | string) => string);
  // oxlint-disable-next-line typescript/no-explicit-any -- so that every library's class fits
  readonly webSocketConstructor?: (new (...args: any[]) => unknown) | undefined;
  readonly useSecureWebSocket?: boolean;
  /** `false` where the server asks for SCRAM: a connect takes two round trips more then. */
  readonly pipelineConnect?: "password" | false;
}

/** The same, of the driver's own: shared by all who use that copy of the driver. */
export interface GlobalSettings {
  fetchEndpoint: NonNullable<NeonSettings["fetchEndpoint"]>;
  fetchFunction: unknown;
}

/** A result over HTTP, as asked for here: rows are lists of texts. */
export interface HttpResult {
  readonly fields: readonly RawField[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly command: string;
  readonly rowCount: number | null;
}

export interface FetchOptions {
  signal: AbortSignal;
  cache?: "no-store";
}

export interface HttpOptions {
  fetchOptions?: FetchOptions;
  types?: { getTypeParser: () => (value: string) => string };
}

/** Runs each time that it is awaited: so it is awaited once. */
export interface HttpQuery extends PromiseLike<unknown> {
  readonly queryData: unknown;
}

export type Level = "ReadUncommitted" | "ReadCommitted" | "RepeatableRead" | "Serializable";

export interface NeonSql {
  query(text: string, params: (string | null)[], options: HttpOptions): HttpQuery;
  transaction(
    queries: HttpQuery[],
    options: HttpOptions & {
      isolationLevel?: Level | undefined;
      readOnly?: boolean | undefined;
    },
  ): Promise<unknown>;
}

/** `neon` of the driver. */
export type NeonFunction = (
  url: string,
  options: {
    arrayMode: true;
    fullResults: true;
    disableWarningInBrowsers: true;
    authToken?: string | (() => string | Promise<string>);
  },
) => unknown;

/** The parts of a Client that its types leave out. */
export interface NeonClient extends WireClient {
  readonly activeQuery: unknown;
  readonly neonConfig: object;
  cancel(target: NeonClient, query: unknown): void;
}

export interface ClientConfig {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  application_name?: string;
}

/** `Client` of the driver. */
export type ClientClass = new (config: ClientConfig) => object;
