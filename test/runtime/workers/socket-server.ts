// A server that answers statements over WebSockets, and knows what each has left open.

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

export interface SocketServer {
  readonly url: string;
  /** Sockets that are open. */
  readonly open: () => number;
  /** Most that were open at once. */
  readonly mostOpen: () => number;
  /** Sockets opened so far. */
  readonly opened: () => number;
  /** `"3 begin"`: what came over which socket, in order. */
  readonly log: readonly string[];
  stop(): Promise<void>;
}

export async function startSocketServer(): Promise<SocketServer> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const log: string[] = [];
  let opened = 0;
  let mostOpen = 0;
  server.on("connection", (socket) => {
    const number = ++opened;
    mostOpen = Math.max(mostOpen, server.clients.size);
    socket.on("message", (data) => {
      const texts = JSON.parse(String(data)) as string[];
      log.push(...texts.map((text) => `${number} ${text}`));
      // What is asked for is the number of the socket.
      setTimeout(() => socket.send(JSON.stringify(texts.map(() => number))), 2);
    });
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    open: () => server.clients.size,
    mostOpen: () => mostOpen,
    opened: () => opened,
    log,
    async stop() {
      for (const socket of server.clients) socket.terminate();
      server.close();
      await once(server, "close");
    },
  };
}
