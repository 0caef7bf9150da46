// Neon's driver fits the shapes that src declares, by its own types, and what does not fit is refused.

import { Client, neon as query, neonConfig, Pool } from "@neondatabase/serverless";
import { expectTypeOf, test } from "vitest";
import { WebSocket } from "ws";
import { neon } from "../../src/adapters/neon/index.ts";
import type { AdapterFactory } from "../../src/index.ts";

test("the driver's own exports", () => {
  expectTypeOf(neon({ neon: query, Client })).toEqualTypeOf<AdapterFactory>();
  expectTypeOf(neon).toBeCallableWith({ neon: query, Client, neonConfig });
});

test("settings for one database alone, with the WebSocket of ws", () => {
  expectTypeOf(neon).toBeCallableWith({
    neon: query,
    Client,
    neonConfig: {
      webSocketConstructor: WebSocket,
      wsProxy: (host, port) => `${host}:${port}/v2`,
      fetchEndpoint: (host, port, options) => `http://${host}:${port}/${options?.jwtAuth}`,
      fetchFunction: fetch,
      useSecureWebSocket: false,
      pipelineConnect: false,
    },
    transport: "ws",
    authToken: async () => "token",
    parsers: { 3802: JSON.parse },
  });
});

test("something else is refused", () => {
  // @ts-expect-error the class is handed in, not the Pool of it
  neon({ neon: query, Client: new Pool() });
  // @ts-expect-error there is no such transport
  neon({ neon: query, Client, transport: "tcp" });
  // @ts-expect-error both are needed
  neon({ neon: query });
});
