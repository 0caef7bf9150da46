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

/** An answer of `POST /sql`, with no driver in between. */
export interface PostAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** The headers that the driver always sends. */
export const RAW = { "neon-raw-text-output": "true", "neon-array-mode": "true" };

export async function post(
  { fetchEndpoint, url }: Pick<RunningServer, "fetchEndpoint" | "url">,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<PostAnswer> {
  const response = await fetch(fetchEndpoint, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "neon-connection-string": url, ...headers },
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}
