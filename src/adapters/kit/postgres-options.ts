import type { Capabilities, MaybePromise } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import type { ParserOptions } from "../postgres/parsers.ts";
import type { ServerError } from "../postgres/wire.ts";
import type { OpenSource } from "./options.ts";

/** A statement as a driver sends it: placeholders are `$1`, every value is a text, of which PostgreSQL infers the type. */
export interface PostgresStatement {
  readonly text: string;
  readonly values: readonly (string | null)[];
}

/** What a driver returned, with every value as PostgreSQL wrote it. */
export interface PostgresResult {
  /** Columns in order, with the OID of their type; `[]` if the statement returns no rows. */
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[];
  /** Rows as arrays of texts. */
  readonly rows: readonly (readonly (string | null)[])[];
  /** First word of the command's tag: `INSERT`. */
  readonly command?: string | null | undefined;
  /** Rows inserted, updated or deleted. Default 0. */
  readonly rowsAffected?: number | null | undefined;
}

/** How a PostgreSQL driver opens, runs and closes. */
export interface SimplePostgresOptions<Driver> {
  /** For messages and events: `"my-postgres"`. */
  readonly name: string;
  /** URL schemes without the colon: `["postgres", "postgresql"]`. */
  readonly schemes: readonly string[];
  /** Opens one connection. An error that is no DbError becomes the cause of `CONNECT_FAILED`, or of `AUTH_FAILED` for an SQLSTATE of class 28. */
  readonly open: (source: OpenSource) => MaybePromise<Driver>;
  /** Runs one statement to its end, by the extended protocol. It throws what the driver throws. */
  readonly run: (driver: Driver, statement: PostgresStatement) => MaybePromise<PostgresResult>;
  /** Closes the connection. Called once, also while a statement runs that nobody waits for any more. */
  readonly close: (driver: Driver) => MaybePromise<void>;
  /**
   * The fields of the server's error, as `pg` names them; `undefined` if it was not the server that refused the statement: the
   * connection is lost then. Default: the error itself, if it has a `severity` other than FATAL and PANIC.
   */
  readonly toServerError?: ((thrown: unknown) => ServerError | undefined) | undefined;
  /** Whether the connection still works, answered without asking the database. */
  readonly isOpen?: ((driver: Driver) => boolean) | undefined;
  /**
   * The normalised URL without secrets; `undefined` if each Database has a source of its own. Default: user, host, port and path.
   *
   * @throws TypeError if the URL is not valid; its message must not show a secret.
   */
  readonly key?: ((url: string) => string | undefined) | undefined;
  /** What affects a session besides the URL; two sources share a pool only if these are identical. Default: `[options.open]`. */
  readonly identity?: readonly unknown[] | undefined;
  /** Run first on every connection, and again for each further session. Default: nothing. */
  readonly setup?: readonly Statement[] | undefined;
  /** How values are read, by the OID or the name of their type. Default: as `postgres()` reads them. */
  readonly parsers?: ParserOptions | undefined;
  /** What differs from: any number of connections, which are sockets and end with the request that opened them. */
  readonly capabilities?: Partial<Pick<Capabilities, "affinity" | "maxConnections">> | undefined;
}
