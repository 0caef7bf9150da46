import { ClientChannel } from "../postgres/client-channel.ts";
import type { Address } from "../postgres/address.ts";
import type { ClientClass, ClientConfig, NeonClient, NeonSettings } from "./driver.ts";
import { pause, type Room } from "./room.ts";
import { failed, failures, redact, toConnectError, messageOf } from "./errors.ts";
import type { ServerError } from "../postgres/wire.ts";
import type { Failures } from "../shared/failures.ts";
import { orAbort } from "../shared/waits.ts";

const SETTINGS = ["wsProxy", "webSocketConstructor", "useSecureWebSocket", "pipelineConnect"] as const;

/** How to reach a database over WebSocket. */
export interface Route {
  readonly Client: ClientClass;
  readonly neonConfig?: NeonSettings | undefined;
  readonly address: Address;
  readonly room: Room;
}

/**
 * Opens a WebSocket. The login is under way then, and its answer comes with that to the first pipeline.
 *
 * @throws DbError `CONNECT_FAILED` | `AUTH_FAILED`; or the signal's own reason.
 */
export async function openTunnel(route: Route, signal: AbortSignal | undefined): Promise<Tunnel> {
  const tunnel = new Tunnel(route);
  checkWebSocket(tunnel.raw.neonConfig);
  const { isScarce } = route.room;
  if (isScarce) await orAbort(pause(200), signal);
  // The error goes to the caller that opens it then, not to the first statement.
  await tunnel.connect(signal, isScarce);
  return tunnel;
}

class Tunnel extends ClientChannel<NeonClient> {
  override readonly failures: Failures = failures;
  readonly #route: Route;

  constructor(route: Route) {
    super(toClient(route));
    this.#route = route;
  }

  override words(thrown: unknown): string {
    return redact(messageOf(thrown), [this.#route.address.password]);
  }

  // Whatever is told before the first ReadyForQuery is about the connect.
  override toRefusal(thrown: unknown): Error {
    const { code } = Object(thrown) as Partial<ServerError>;
    const words = this.words(thrown);
    const refusal = toConnectError(words, new Error(code ? `${code}: ${words}` : words));
    this.#route.room.note(refusal);
    return refusal;
  }

  // By a WebSocket of its own, with the key that the server gave; nothing comes back but that it is closed.
  override async cancel(isOver: Promise<unknown>): Promise<void> {
    const other = toClient(this.#route);
    const isClosed = new Promise((resolve) => {
      other.on("error", resolve);
      other.connection.on("error", resolve);
      other.connection.on("end", resolve);
    });
    other.cancel(this.raw, this.raw.activeQuery);
    await Promise.race([isClosed, isOver]);
    other.connection.stream.destroy();
  }
}

function toClient({ Client, neonConfig, address }: Route): NeonClient {
  const { host, port, user, password = "", database, applicationName } = address;
  const login = { host, port, user, password, database, application_name: applicationName } as ClientConfig;
  const client = new Client(login) as NeonClient;
  const own: Record<string, unknown> = { disableWarningInBrowsers: true };
  for (const name of SETTINGS) if (neonConfig?.[name] !== undefined) own[name] = neonConfig[name];
  Object.assign(client.neonConfig, own);
  return client;
}

// Without one, the driver would try to upgrade a fetch, and tell of that.
function checkWebSocket(settings: NeonSettings): void {
  if (settings.webSocketConstructor || "WebSocket" in globalThis) return;
  throw failed("CONNECT_FAILED", "no WebSocket here: give `neonConfig.webSocketConstructor`, the `WebSocket` of `ws`");
}
