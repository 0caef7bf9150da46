import { ClientChannel } from "../postgres/client-channel.ts";
import type { Address } from "../postgres/address.ts";
import type { ClientClass, ClientConfig, NeonClient, NeonSettings } from "./driver.ts";
import { pause, type Room } from "./room.ts";
import { failed, failures, redact, toConnectError, messageOf } from "./errors.ts";
import type { ServerError } from "../postgres/wire.ts";
import { orAbort } from "../shared/waits.ts";
import { throwIfAborted } from "../../signal.ts";

const SETTINGS = ["wsProxy", "webSocketConstructor", "useSecureWebSocket", "pipelineConnect"] as const;

/** How to reach a database over WebSocket. */
export interface Route {
  readonly Client: ClientClass;
  readonly settings: NeonSettings | undefined;
  readonly address: Address;
  readonly room: Room;
}

/**
 * Opens a WebSocket. The login is under way then, and its answer comes with that to the first pipeline.
 *
 * @throws DbError `CONNECT_FAILED` | `AUTH_FAILED`; or the signal's own reason.
 */
export async function openTunnel(route: Route, signal: AbortSignal | undefined): Promise<ClientChannel> {
  throwIfAborted(signal);
  const client = toClient(route);
  checkWebSocket(client.neonConfig);
  const { isScarce } = route.room;
  if (isScarce) await orAbort(pause(200), signal);
  const channel = toChannel(client, route);
  await channel.connect(signal);
  // The error goes to the caller that opens it, not to the first statement.
  if (isScarce)
    await orAbort(channel.run([[]], false).answer, signal).catch((error: unknown) => {
      void channel.close();
      throw error;
    });
  return channel;
}

function toChannel(client: NeonClient, route: Route): ClientChannel {
  const { address, room } = route;
  const words = (thrown: unknown): string => redact(messageOf(thrown), [address.password]);
  return new ClientChannel(client, {
    name: "WebSocket",
    failures,
    words,
    // Whatever is told before the first ReadyForQuery is about the connect.
    toRefusal: (thrown) => {
      const { code } = Object(thrown) as Partial<ServerError>;
      const refusal = toConnectError(words(thrown), new Error(code ? `${code}: ${words(thrown)}` : words(thrown)));
      room.note(refusal);
      return refusal;
    },
    // By a WebSocket of its own, with the key that the server gave; nothing comes back but that it is closed.
    cancel: async (isOver) => {
      const other = toClient(route);
      const isClosed = new Promise((resolve) => {
        other.on("error", resolve);
        other.connection.on("error", resolve);
        other.connection.on("end", resolve);
      });
      other.cancel(client, client.activeQuery);
      await Promise.race([isClosed, isOver]);
      other.connection.stream.destroy();
    },
    terminate: () => client.connection.stream.ws?.terminate?.(),
  });
}

function toClient({ Client, settings, address }: Route): NeonClient {
  const { host, port, user, password = "", database, applicationName } = address;
  const login = { host, port, user, password, database, application_name: applicationName } as ClientConfig;
  const client = new Client(login) as NeonClient;
  const own: Record<string, unknown> = { disableWarningInBrowsers: true };
  for (const name of SETTINGS) if (settings?.[name] !== undefined) own[name] = settings[name];
  Object.assign(client.neonConfig, own);
  return client;
}

// Without one, the driver would try to upgrade a fetch, and tell of that.
function checkWebSocket(settings: NeonSettings): void {
  if (settings.webSocketConstructor || "WebSocket" in globalThis) return;
  throw failed("CONNECT_FAILED", "no WebSocket here: give `neonConfig.webSocketConstructor`, the `WebSocket` of `ws`");
}
