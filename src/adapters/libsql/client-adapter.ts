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
import { throwIfAborted } from "../../signal.ts";
import { checkPlace, DEFERS } from "../sqlite/place.ts";
import { scan, split } from "../sqlite/scan.ts";
import { parseAddress } from "./address.ts";
import { CAPABILITIES } from "./capabilities.ts";
import { ClientConnection } from "./client-connection.ts";
import type { LibsqlClientOptions } from "./client-entry.ts";
import { Sender } from "./sender.ts";
import { bind } from "./values.ts";

/** One database at a libSQL server, through clients of the user's. */
export class ClientAdapter implements Adapter {
  readonly name = "libsql";
  readonly key: string;
  readonly split: typeof split = split;
  readonly capabilities: Capabilities = { ...CAPABILITIES, streaming: false };
  readonly #options: LibsqlClientOptions;

  constructor(options: LibsqlClientOptions, { url }: AdapterSource) {
    this.key = parseAddress(url).baseUrl;
    this.#options = options;
  }

  check(statement: Statement, place: StatementPlace): void {
    bind(statement);
    checkPlace(statement, place);
    const { text: sql } = statement;
    const { leavesState, head } = scan(sql);
    if (!leavesState || (place === "transaction" && DEFERS.test(head))) return;
    const message = "@libsql/client opens a connection for each statement outside a transaction, so no setting lasts";
    throw new DbError("QUERY_FAILED", `${message}: use libsql() of isopool/libsql`, {
      kind: "other",
      sql,
      dialectCode: undefined,
    });
  }

  /** Nothing is sent: the first flight opens the stream. */
  async open({ url, signal }: OpenOptions): Promise<DriverConnection> {
    throwIfAborted(signal);
    const { baseUrl, token } = parseAddress(url);
    const { createClient, fetch, authToken = token } = this.#options;
    return new ClientConnection(createClient, baseUrl, new Sender(fetch, authToken));
  }
}
