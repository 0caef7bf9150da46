import type { Socket } from "node:net";
import type { RawData, WebSocket } from "ws";
import type { TunnelClient } from "./tunnel.ts";

export function overWebSocket(client: WebSocket): TunnelClient {
  return {
    onData: (listener) =>
      void client.on("message", (data: RawData, isBinary: boolean) => {
        // websocket.rs: "unexpected text message in the websocket".
        if (isBinary) listener(data as Buffer);
        else client.terminate();
      }),
    onClose: (listener) => void client.on("close", listener).on("error", listener),
    send: (bytes) => client.send(bytes),
    terminate: () => client.terminate(),
    close: () => client.close(1000),
  };
}

export function overSocket(socket: Socket): TunnelClient {
  return {
    onData: (listener) => void socket.on("data", listener),
    onClose: (listener) => void socket.on("close", listener).on("error", listener),
    send: (bytes) => void socket.write(bytes),
    terminate: () => void socket.resetAndDestroy(),
    close: () => void socket.end(),
  };
}
