// What is used of @libsql/client, declared by its shape: the user passes the package in.

export type ClientValue = null | string | number | bigint | ArrayBuffer | Uint8Array;

export interface ClientStatement {
  sql: string;
  args: ClientValue[] | Record<string, ClientValue>;
}

export interface ClientResult {
  readonly columns: string[];
  readonly rows: ArrayLike<ClientValue>[];
  readonly rowsAffected: number;
  readonly lastInsertRowid: bigint | undefined;
}

export type ClientMode = "write" | "read" | "deferred";

export interface LibsqlTransaction {
  batch(statements: ClientStatement[]): Promise<ClientResult[]>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

export interface LibsqlClient {
  execute(statement: ClientStatement): Promise<ClientResult>;
  batch(statements: ClientStatement[], mode: ClientMode): Promise<ClientResult[]>;
  transaction(mode: ClientMode): Promise<LibsqlTransaction>;
  close(): void;
}

export interface ClientConfig {
  url: string;
  intMode: "bigint";
  fetch: (request: Request) => Promise<Response>;
}

/** `createClient` of `@libsql/client`. */
export type CreateClient = (config: ClientConfig) => LibsqlClient;
