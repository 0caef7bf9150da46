// Drizzle 0.45 on its own drivers, for comparison.

import { type Client, createClient } from "@libsql/client";
import { neonConfig, Pool } from "@neondatabase/serverless";
import { drizzle as drizzleLibsql, type LibSQLDatabase } from "drizzle-orm/libsql";
import { drizzle as drizzleNeon, type NeonDatabase } from "drizzle-orm/neon-serverless";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import type { NeonServer } from "./places.ts";

export function ownLibsql(url: string): LibSQLDatabase & { readonly $client: Client } {
  const client = createClient({ url });
  onTestFinished(() => client.close());
  return drizzleLibsql(client);
}

export function ownNeon({ url, wsProxy }: NeonServer): NeonDatabase & { readonly $client: Pool } {
  neonConfig.wsProxy = () => wsProxy;
  neonConfig.useSecureWebSocket = false;
  neonConfig.webSocketConstructor = WebSocket;
  const pool = new Pool({ connectionString: url, max: 1 });
  onTestFinished(() => pool.end());
  return drizzleNeon(pool);
}
