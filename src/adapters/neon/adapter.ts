import type {
  Adapter,
  AdapterSource,
  Capabilities,
  DriverConnection,
  OpenOptions,
  StatementPlace,
} from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { type Address, parseAddress } from "../postgres/address.ts";
import { check } from "../postgres/check.ts";
import { Parsers } from "../postgres/parsers.ts";
import { WireConnection } from "../postgres/wire-connection.ts";
import { NeonConnection } from "./connection.ts";
import { HttpConnection } from "./http-connection.ts";
import { Http } from "./http.ts";
import type { NeonOptions } from "./index.ts";
import { ANSWER_TIMEOUT_MS, CAPABILITIES, checkLogin, isPooledBy, settingsOf } from "./login.ts";
import { Room } from "./room.ts";
import { Tunnel } from "./tunnel.ts";

/** One database at Neon, over WebSocket, and over HTTP where that does. */
export class NeonAdapter implements Adapter {
  readonly name = "neon";
  readonly key: string;
  readonly capabilities: Capabilities = CAPABILITIES;
  readonly #options: NeonOptions;
  readonly #parsers: Parsers;
  readonly #isPooled: boolean;
  readonly #room: Room = new Room();

  constructor(options: NeonOptions, { url }: AdapterSource) {
    const address = parseAddress(url);
    this.#options = options;
    this.key = address.key;
    this.#check(address);
    this.#parsers = new Parsers(options.parsers);
    this.#isPooled = isPooledBy(options, address);
  }

  check(statement: Statement, place: StatementPlace): void {
    check(statement, place, this.#isPooled);
  }

  /** Over HTTP nothing is sent; a WebSocket is opened, and logs in with the first flight. */
  async open({ url, signal }: OpenOptions): Promise<DriverConnection> {
    signal.throwIfAborted();
    const address = parseAddress(url);
    this.#check(address);
    const { Client, neon, neonConfig: settings, authToken, answerTimeoutMs = ANSWER_TIMEOUT_MS } = this.#options;
    const isBounded = address.settings.has("idle_in_transaction_session_timeout");
    const { idleInTransactionMs = isBounded ? 0 : 60_000 } = this.#options;
    const [parsers, isPooled, room] = [this.#parsers, this.#isPooled, this.#room];
    const shape = { ...settingsOf(address, isPooled), parsers, isPooled, idleInTransactionMs, answerTimeoutMs };
    const openSocket = async (cancel: AbortSignal | undefined): Promise<WireConnection> => {
      const tunnel = new Tunnel({ Client, settings, address, room });
      await tunnel.connect(cancel);
      return new WireConnection(tunnel, shape);
    };
    if (this.#options.transport === "ws") return openSocket(signal);
    const http = new Http({ neon, Client, settings, authToken, answerTimeoutMs }, address);
    return new NeonConnection(new HttpConnection(http, shape), openSocket);
  }

  #check(address: Address): void {
    checkLogin(address, this.#options, this.#options.transport !== "ws");
  }
}
