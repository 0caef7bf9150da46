import type { Adapter, AdapterSource, Capabilities, DriverConnection, OpenOptions } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { type Address, parseAddress } from "../postgres/address.ts";
import { isBrowser } from "./browser.ts";
import { NeonConnection } from "./connection.ts";
import { failed } from "./errors.ts";
import { HttpConnection } from "./http-connection.ts";
import { Http } from "./http.ts";
import type { NeonOptions } from "./index.ts";
import { type Shape, WireConnection } from "../postgres/wire-connection.ts";
import { Tunnel } from "./tunnel.ts";
import { bind } from "../postgres/values.ts";

const CAPABILITIES: Capabilities = {
  dialect: "postgres",
  affinity: "request",
  transactions: "interactive",
  savepoints: true,
  streaming: true,
  maxConnections: Infinity,
  placeholder: "$",
  isolationLevels: ["read uncommitted", "read committed", "repeatable read", "serializable"],
  tellsDeath: true,
};

const OVER_HTTP: Capabilities = {
  ...CAPABILITIES,
  affinity: "isolate",
  transactions: "batch",
  savepoints: false,
  streaming: false,
};

/** One database at Neon, over HTTP, WebSocket, or whichever does. */
export class NeonAdapter implements Adapter {
  readonly name = "neon";
  readonly key: string;
  readonly capabilities: Capabilities;
  readonly #options: NeonOptions;
  readonly #transport: "auto" | "http" | "ws";

  constructor(options: NeonOptions, { url }: AdapterSource) {
    const address = parseAddress(url);
    this.#options = options;
    this.key = address.key;
    this.#check(address);
    const { transport = "auto", authToken } = options;
    // A token is for HTTP: without a password there is no other way.
    this.#transport = transport === "auto" && authToken !== undefined && !address.password ? "http" : transport;
    this.capabilities = this.#transport === "http" ? OVER_HTTP : CAPABILITIES;
  }

  check(statement: Statement): void {
    bind(statement);
  }

  /** Over HTTP nothing is sent; a WebSocket is opened, and logs in with the first flight. */
  async open({ url, signal }: OpenOptions): Promise<DriverConnection> {
    signal.throwIfAborted();
    const address = parseAddress(url);
    this.#check(address);
    const { Client, neon, neonConfig: settings, authToken, parsers = {} } = this.#options;
    const isBounded = address.settings.has("idle_in_transaction_session_timeout");
    const { idleInTransactionMs = isBounded ? 0 : 60_000 } = this.#options;
    const shape: Shape = { setup: toSetup(address), parsers, idleInTransactionMs };
    const openSocket = async (cancel: AbortSignal | undefined): Promise<WireConnection> => {
      const tunnel = new Tunnel({ Client, settings, address });
      await tunnel.connect(cancel);
      return new WireConnection(tunnel, shape);
    };
    if (this.#transport === "ws") return openSocket(signal);
    const http = new HttpConnection(new Http({ neon, Client, settings, authToken }, address), shape.setup, parsers);
    return this.#transport === "http" ? http : new NeonConnection(http, openSocket);
  }

  #check({ password }: Address): void {
    const { authToken, transport, allowPasswordInBrowser } = this.#options;
    if (!password && (authToken === undefined || transport === "ws"))
      throw failed("AUTH_FAILED", "the URL has no password: give one, or `authToken`, which is for HTTP");
    if (password && !allowPasswordInBrowser && isBrowser()) {
      const remedy = "use `authToken`, or `allowPasswordInBrowser`";
      throw new TypeError(`Expected a URL without a password in a browser, where everybody can read it: ${remedy}`);
    }
  }
}

// Neon drops timeouts at startup, and over HTTP everything: they are sent as SQL, with the first statement.
function toSetup({ settings }: Address): Statement[] {
  return [...settings].map((setting) => ({ text: "SELECT set_config($1, $2, false)", params: setting }));
}
