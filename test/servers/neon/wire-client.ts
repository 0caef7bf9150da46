import { Client, neon, type NeonQueryFunction, neonConfig } from "@neondatabase/serverless";
import { expect, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { type NeonServerOptions, type RunningServer, startNeonServer } from "./server.ts";

/** A server, and Neon's own driver on it, unchanged. */
export interface Wire {
  readonly server: RunningServer;
  readonly sql: NeonQueryFunction<false, false>;
  /** A client whose `error` events are heard, with what they told; the test closes it. */
  connect(url?: string): Promise<HeardClient>;
}

export interface HeardClient {
  readonly client: Client;
  readonly errors: readonly unknown[];
}

/** Starts a server that ends with the test, which must have left nothing open. */
export async function startWire(options: NeonServerOptions = {}): Promise<Wire> {
  const server = await startNeonServer(options);
  onTestFinished(async () => {
    try {
      expect(await server.leaks()).toEqual([]);
    } finally {
      await server.stop();
    }
  });
  neonConfig.fetchEndpoint = () => server.fetchEndpoint;
  neonConfig.wsProxy = (host, port) => `${server.wsProxy}?address=${host}:${port}`;
  neonConfig.useSecureWebSocket = false;
  neonConfig.webSocketConstructor = WebSocket;
  return {
    server,
    sql: neon(server.url),
    connect: async (url = server.url) => {
      const client = new Client(url);
      const errors: unknown[] = [];
      client.on("error", (error) => errors.push(error));
      await client.connect();
      return { client, errors };
    },
  };
}

/** What a promise was rejected with. */
export async function failureOf(promise: PromiseLike<unknown>): Promise<Error & { readonly code?: string }> {
  return promise.then(
    () => expect.fail("it did not fail"),
    (error: Error) => error,
  );
}
