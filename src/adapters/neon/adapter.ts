import type {
  Adapter,
  AdapterSource,
  Capabilities,
  DriverConnection,
  OpenOptions,
  StatementPlace,
} from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { CAPABILITIES } from "../postgres/session-config.ts";
import { WireConnection } from "../postgres/wire-connection.ts";
import { NeonConnection } from "./connection.ts";
import { HttpAdapter } from "./http-adapter.ts";
import type { NeonOptions } from "./index.ts";
import { Room } from "./room.ts";
import { openTunnel } from "./tunnel.ts";
import { throwIfAborted } from "../../signal.ts";
import { split } from "../postgres/scan.ts";

/** One database at Neon, over WebSocket, and over HTTP where that does. */
export class NeonAdapter implements Adapter {
  readonly name = "neon";
  readonly key: string;
  readonly split: typeof split = split;
  readonly capabilities: Capabilities = CAPABILITIES;
  readonly #options: NeonOptions;
  readonly #http: HttpAdapter;
  readonly #room: Room = new Room();

  constructor(options: NeonOptions, source: AdapterSource) {
    this.#options = options;
    this.#http = new HttpAdapter(options, source);
    this.key = this.#http.key;
  }

  check(statement: Statement, place: StatementPlace): void {
    this.#http.check(statement, place);
  }

  /** Over a WebSocket each has a connection of its own. */
  readsAs(text: string): "shared" | "alone" | undefined {
    return this.#options.transport === "ws" ? undefined : this.#http.readsAs(text);
  }

  /** Over HTTP nothing is sent; a WebSocket is opened, and logs in with the first flight. */
  async open({ url, signal }: OpenOptions): Promise<DriverConnection> {
    throwIfAborted(signal);
    const config = this.#http.configure(url);
    const { address } = config;
    const isBounded = address.settings.has("idle_in_transaction_session_timeout");
    const { idleInTransactionMs = isBounded ? 0 : 60_000 } = this.#options;
    const route = { ...this.#options, address, room: this.#room };
    const openSocket = async (cancel: AbortSignal | undefined): Promise<WireConnection> =>
      new WireConnection(await openTunnel(route, cancel), { ...config, idleInTransactionMs });
    return this.#options.transport === "ws"
      ? openSocket(signal)
      : new NeonConnection(this.#http.connect(config), openSocket);
  }
}
