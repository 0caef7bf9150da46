import type {
  Adapter,
  AdapterSource,
  Capabilities,
  DriverConnection,
  OpenOptions,
  StatementPlace,
} from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { DbError } from "../../errors.ts";
import { checkPlace } from "../sqlite/place.ts";
import { scan } from "../sqlite/scan.ts";
import { parseAddress } from "./address.ts";
import { ClientConnection } from "./client-connection.ts";
import { LibsqlConnection } from "./connection.ts";
import type { LibsqlOptions } from "./index.ts";
import { Company } from "../shared/company.ts";
import { Freshness } from "./freshness.ts";
import { standsAlone } from "./texts.ts";
import { Remote, type Server } from "./remote.ts";
import { Sender } from "./sender.ts";
import { bind } from "./values.ts";
import { throwIfAborted } from "../../signal.ts";

const CAPABILITIES: Capabilities = {
  dialect: "sqlite",
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
  readonly capabilities: Capabilities;
  readonly #options: LibsqlOptions;
  readonly #server: Server;
  readonly #company: Company = new Company(standsAlone);

  constructor(options: LibsqlOptions, { url }: AdapterSource) {
    this.key = parseAddress(url).baseUrl;
    this.capabilities = options.createClient ? { ...CAPABILITIES, streaming: false } : CAPABILITIES;
    this.#options = options;
    this.#server = { version: 3, keepMs: 8_000, freshness: new Freshness() };
  }

  check(statement: Statement, place: StatementPlace): void {
    bind(statement);
    checkPlace(statement, place);
    const { text: sql } = statement;
    if (!this.#options.createClient || !scan(sql).leavesState) return;
    const message = "@libsql/client opens a connection for each statement outside a transaction, so no setting lasts";
    throw new DbError("QUERY_FAILED", `${message}: leave out \`createClient\``, {
      kind: "other",
      sql,
      dialectCode: undefined,
    });
  }

  readsAs(text: string): "shared" | "alone" | undefined {
    return this.#options.createClient ? undefined : this.#company.readsAs(text);
  }

  /** Nothing is sent: the first flight opens the stream. */
  async open({ url, signal }: OpenOptions): Promise<DriverConnection> {
    throwIfAborted(signal);
    const { baseUrl, token } = parseAddress(url);
    const { fetch, authToken = token, createClient } = this.#options;
    const sender = new Sender(fetch, authToken);
    return createClient
      ? new ClientConnection(createClient, baseUrl, sender)
      : new LibsqlConnection(new Remote(this.#server, baseUrl, sender), this.#server.freshness, this.#company);
  }
}
