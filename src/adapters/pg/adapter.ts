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
import { refusal } from "../shared/refusal.ts";
import { check } from "../postgres/check.ts";
import { needsSession } from "../postgres/errors.ts";
import { Parsers } from "../postgres/parsers.ts";
import { scan, split } from "../postgres/scan.ts";
import { CAPABILITIES, type SessionConfig, settingsOf } from "../postgres/session-config.ts";
import { WireConnection } from "../postgres/wire-connection.ts";
import type { PostgresOptions } from "./index.ts";
import { JsChannel } from "./js-channel.ts";
import { openPg } from "./pg-channel.ts";
import { type Route, readRoute } from "./route.ts";

// postgres.js refuses more, and blames the statement ahead: this one would never be answered.
const JS_MAX_VALUES = 65_533;

/** One database over TCP. */
export class PgAdapter implements Adapter {
  readonly name = "postgres";
  readonly key: string;
  readonly split: typeof split = split;
  readonly capabilities: Capabilities = CAPABILITIES;
  readonly #options: PostgresOptions;
  readonly #parsers: Parsers;
  readonly #isPooled: boolean;
  readonly #isHyperdrive: boolean;

  constructor(options: PostgresOptions, { url }: AdapterSource) {
    this.#options = options;
    this.#parsers = new Parsers(options.parsers);
    const { address, isPooled, isHyperdrive } = readRoute(url, options);
    this.key = address.key;
    this.#isPooled = isPooled;
    this.#isHyperdrive = isHyperdrive;
  }

  check(statement: Statement, place: StatementPlace): void {
    check(statement, place, this.#isPooled);
    const { text, params } = statement;
    const count = Array.isArray(params) ? params.length : 0;
    if (this.#options.postgres && count > JS_MAX_VALUES)
      throw refusal(`expected at most ${JS_MAX_VALUES} values with postgres.js, got ${count}`, text);
    if (place !== "transaction" || !this.#isHyperdrive || !scan(text).leavesState) return;
    // Settings it takes back by itself.
    if (!/^(SET|RESET)$/.test(scan(text).verb) && !/\bset_config\b/i.test(text))
      throw needsSession("Hyperdrive lends a session for one transaction: use a URL of the database itself", text);
  }

  /** Connects and logs in. */
  async open({ url, signal }: OpenOptions): Promise<DriverConnection> {
    throwIfAborted(signal);
    const route = readRoute(url, this.#options);
    const { Client, postgres } = this.#options;
    const channel = await (Client ? openPg(Client, route, signal) : JsChannel.open(postgres, route, signal));
    return new WireConnection(channel, this.#configure(route));
  }

  #configure({ address, isPooled }: Route): SessionConfig {
    const isBounded = address.settings.has("idle_in_transaction_session_timeout");
    const { idleInTransactionMs = isBounded ? 0 : 60_000, answerTimeoutMs = 300_000 } = this.#options;
    return {
      ...settingsOf(address, isPooled),
      parsers: this.#parsers,
      idleInTransactionMs,
      answerTimeoutMs,
      isPooled,
    };
  }
}
