// How the driver comes from a URL to its server.

import type { NeonSettings } from "../../src/adapters/neon/index.ts";
import { tally } from "./tally.ts";

/** Counts the sockets that are opened, for the page to show. */
class CountedSocket extends WebSocket {
  constructor(url: string) {
    super(url);
    tally.sockets++;
  }
}

/** Neon is found by its host's name, and over TLS; a server on this machine is where the URL says, and has none. */
export function neonSettings(url: string): NeonSettings {
  const settings = { webSocketConstructor: CountedSocket };
  if (!URL.canParse(url) || new URL(url).hostname !== "127.0.0.1") return settings;
  return {
    ...settings,
    fetchEndpoint: (host, port) => `http://${host}:${port}/sql`,
    wsProxy: (host, port) => `${host}:${port}/v2`,
    useSecureWebSocket: false,
  };
}
