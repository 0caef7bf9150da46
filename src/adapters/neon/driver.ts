// What is used of @neondatabase/serverless, declared by its shape: the driver is handed in. Its ESM and CJS copies have
// classes of their own, so that nothing here is told by `instanceof`.

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

export interface RawField {
  readonly name: string;
  readonly dataTypeID: number;
}

/** A result over HTTP, as asked for here: rows are lists of texts. */
export interface HttpResult {
  readonly fields: readonly RawField[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly command: string;
  readonly rowCount: number | null;
}

export interface HttpOptions {
  fetchOptions?: { signal: AbortSignal };
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
      isolationLevel?: Level;
      readOnly?: boolean;
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

/** Messages of PostgreSQL's protocol, written one by one and sent together. */
export interface Wire {
  readonly stream: { readonly ws?: { terminate?(): void } | null; destroy(): unknown };
  parse(query: { text: string; name: string; types: number[] }): void;
  bind(config: { portal: string; statement: string; values: (string | null)[]; binary: false }): void;
  describe(message: { type: "P"; name: string }): void;
  execute(config: { portal: string; rows: number }): void;
  close(message: { type: "P"; name: string }): void;
  sync(): void;
  end(): void;
  on(event: string, listener: (message: unknown) => void): unknown;
  prependListener(event: "readyForQuery", listener: (message: { readonly status: string }) => void): unknown;
}

/** What the driver tells an error of the server by. */
export interface ServerError extends Error {
  readonly code?: string | null | undefined;
  readonly severity?: string | undefined;
  readonly position?: string | number | null | undefined;
  readonly table?: string | null | undefined;
}

/** Something that the client's line of queries takes: it writes its messages itself, and gets the answers to them. */
export interface Submittable {
  submit(wire: Wire): void;
  handleRowDescription(message: { readonly fields: readonly RawField[] }): void;
  handleDataRow(message: { readonly fields: readonly (string | null)[] }): void;
  handleCommandComplete(message: { readonly text: string }): void;
  handleEmptyQuery(): void;
  handlePortalSuspended(): void;
  handleReadyForQuery(): void;
  handleError(error: unknown): void;
  handleCopyInResponse(): void;
  handleCopyData(): void;
}

/** The parts of a Client that its types leave out. */
export interface NeonClient {
  readonly connection: Wire;
  readonly processID: number | null;
  readonly activeQuery: unknown;
  readonly neonConfig: object;
  connect(): Promise<void>;
  query(query: Submittable): unknown;
  cancel(target: NeonClient, query: unknown): void;
  on(event: "error" | "end", listener: (error: unknown) => void): unknown;
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
