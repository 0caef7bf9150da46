interface Probed {
  readonly readyState: number;
}

/**
 * Tells later whether it is asked from the I/O context that this was called in: a request, or a Durable Object. There, to read
 * a WebSocket's state takes 25 ns; anywhere else it throws. Outside of Workers there is one context.
 */
export function probe(): () => boolean {
  const { WebSocketPair } = globalThis as { WebSocketPair?: new () => { readonly 0: Probed } };
  if (!WebSocketPair) return () => true;
  const { 0: socket } = new WebSocketPair();
  return () => {
    try {
      return socket.readyState >= 0;
    } catch {
      return false;
    }
  };
}
