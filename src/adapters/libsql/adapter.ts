import type { Adapter, AdapterSource, Capabilities, DriverConnection, OpenOptions } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { parseAddress } from "./address.ts";
import { LibsqlConnection } from "./connection.ts";
import type { LibsqlOptions } from "./index.ts";
import { Remote, type Server } from "./remote.ts";
import { bind } from "./values.ts";

export const CAPABILITIES: Capabilities = {
  affinity: "isolate",
  transactions: "interactive",
  savepoints: true,
  streaming: true,
  maxConnections: Infinity,
  placeholder: "?",
  // A stronger level than asked for is what the SQL standard allows.
  isolationLevels: ["read uncommitted", "read committed", "repeatable read", "serializable"],
  tellsDeath: true,
};

/** One database at a libSQL server, over `fetch`. */
export class LibsqlAdapter implements Adapter {
  readonly name = "libsql";
  readonly key: string;
  readonly capabilities: Capabilities = CAPABILITIES;
  readonly #options: LibsqlOptions;
  readonly #server: Server;

  constructor(options: LibsqlOptions, { url }: AdapterSource) {
    this.key = parseAddress(url).baseUrl;
    this.#options = options;
    this.#server = { version: 3, keepMs: 8_000, fetch: options.fetch };
  }

  check(statement: Statement): void {
    bind(statement);
  }

  /** Nothing is sent: the first flight opens the stream. */
  async open({ url, signal }: OpenOptions): Promise<DriverConnection> {
    signal.throwIfAborted();
    const { baseUrl, token } = parseAddress(url);
    return new LibsqlConnection(new Remote(this.#server, baseUrl, this.#options.authToken ?? token));
  }
}
