interface Probed {
  readonly readyState: number;
}

/**
 * Returns a probe that reports whether it is called from the same I/O context: a request, or a Durable Object. There, reading a
 * WebSocket's state takes 25 ns; anywhere else it throws. Outside Workers there is one context.
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
