import type {
  Adapter,
  AdapterSource,
  Capabilities,
  DriverConnection,
  OpenOptions,
  StatementPlace,
} from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { checkPlace } from "../sqlite/place.ts";
import { parseAddress } from "./address.ts";
import { CAPABILITIES } from "./capabilities.ts";
import { LibsqlConnection } from "./connection.ts";
import type { LibsqlOptions } from "./index.ts";
import { Company } from "../shared/company.ts";
import { Freshness } from "./freshness.ts";
import { standsAlone } from "./texts.ts";
import { Remote, type Server } from "./remote.ts";
import { Sender } from "./sender.ts";
import { bind } from "./values.ts";
import { throwIfAborted } from "../../signal.ts";
import { split } from "../sqlite/scan.ts";

/** One database at a libSQL server, over `fetch`. */
export class LibsqlAdapter implements Adapter {
  readonly name = "libsql";
  readonly key: string;
  readonly split: typeof split = split;
  readonly capabilities: Capabilities = CAPABILITIES;
  readonly #options: LibsqlOptions;
  readonly #server: Server;
  readonly #company: Company = new Company(standsAlone);

  constructor(options: LibsqlOptions, { url }: AdapterSource) {
    this.key = parseAddress(url).baseUrl;
    this.#options = options;
    this.#server = { version: 3, keepMs: 8_000, freshness: new Freshness() };
  }

  check(statement: Statement, place: StatementPlace): void {
    bind(statement);
    checkPlace(statement, place);
  }

  readsAs(text: string): "shared" | "alone" | undefined {
    return this.#company.readsAs(text);
  }

  /** Nothing is sent: the first flight opens the stream. */
  async open({ url, signal }: OpenOptions): Promise<DriverConnection> {
    throwIfAborted(signal);
    const { baseUrl, token } = parseAddress(url);
    const { fetch, authToken = token } = this.#options;
    const remote = new Remote(this.#server, baseUrl, new Sender(fetch, authToken));
    return new LibsqlConnection(remote, this.#server.freshness, this.#company);
  }
}
