// The database, at module level: made once for the isolate, and used by every request that the isolate serves.

import { AsyncLocalStorage } from "node:async_hooks";
import { env } from "cloudflare:workers";
import { Client, neon as query } from "@neondatabase/serverless";
import { d1 } from "../../src/adapters/d1/index.ts";
import { durableObject } from "../../src/adapters/durable-object/index.ts";
import { hosted } from "../../src/adapters/hosted/index.ts";
import { libsql } from "../../src/adapters/libsql/index.ts";
import { neon } from "../../src/adapters/neon/index.ts";
import { createDatabase } from "../../src/index.ts";
import { requestContext, workers } from "../../src/integrations/workers/index.ts";
import { neonSettings } from "./neon-settings.ts";
import { place } from "./place.ts";
import { tally } from "./tally.ts";

/** For `hosted://…`: sessions on the connections of the Durable Object in pool.ts. */
export const pool = hosted({ namespace: () => env.POOL });

// The adapter is chosen by the URL's scheme; the URL is asked for inside a request, where bindings are known.
export const db = createDatabase(() => env.DATABASE_URL, {
  adapters: [
    libsql({ authToken: () => env.DATABASE_TOKEN ?? "" }),
    neon({ neon: query, Client, neonConfig: neonSettings(env.DATABASE_URL) }),
    pool,
    d1(() => env.DB),
    durableObject(() => place.storage!),
  ],
  context: requestContext(AsyncLocalStorage),
  runtime: workers(),
  onEvent: (event) => tally.record(event),
});
