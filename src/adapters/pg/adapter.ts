import type {
  Adapter,
  AdapterSource,
  Capabilities,
  DriverConnection,
  OpenOptions,
  StatementPlace,
} from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { throwIfAborted } from "../../signal.ts";
import { check } from "../postgres/check.ts";
import { Parsers } from "../postgres/parsers.ts";
import { CAPABILITIES, type SessionConfig, settingsOf } from "../postgres/session-config.ts";
import { WireConnection } from "../postgres/wire-connection.ts";
import type { PostgresOptions } from "./index.ts";
import { openPg } from "./pg-channel.ts";
import { type Route, readRoute } from "./route.ts";

/** One database over TCP. */
export class PgAdapter implements Adapter {
  readonly name = "postgres";
  readonly key: string;
  readonly capabilities: Capabilities = CAPABILITIES;
  readonly #options: PostgresOptions;
  readonly #parsers: Parsers;
  readonly #isPooled: boolean;

  constructor(options: PostgresOptions, { url }: AdapterSource) {
    this.#options = options;
    this.#parsers = new Parsers(options.parsers);
    const { address, isPooled } = readRoute(url, options);
    this.key = address.key;
    this.#isPooled = isPooled;
  }

  check(statement: Statement, place: StatementPlace): void {
    check(statement, place, this.#isPooled);
  }

  /** Connects and logs in. */
  async open({ url, signal }: OpenOptions): Promise<DriverConnection> {
    throwIfAborted(signal);
    const route = readRoute(url, this.#options);
    return new WireConnection(await openPg(this.#options.Client, route, signal), this.#configure(route));
  }

  #configure({ address, isPooled, reset }: Route): SessionConfig {
    const isBounded = address.settings.has("idle_in_transaction_session_timeout");
    const { idleInTransactionMs = isBounded ? 0 : 60_000, answerTimeoutMs = 300_000 } = this.#options;
    const settings = settingsOf(address, isPooled);
    return { ...settings, parsers: this.#parsers, idleInTransactionMs, answerTimeoutMs, isPooled, reset };
  }
}
