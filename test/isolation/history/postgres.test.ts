// Promise: on PostgreSQL, through every transport, a history has no more anomalies than its level lets happen, and what is stored is
// what was told: also where connections are cut and answers lost.

import { Client, neon as neonHttp } from "@neondatabase/serverless";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { neon } from "../../../src/adapters/neon/index.ts";
import { postgres } from "../../../src/adapters/pg/index.ts";
import { type AdapterFactory, createDatabase, type Database, type IsolationLevel } from "../../../src/index.ts";
import { optionsFor } from "../../adapters/neon/target.ts";
import { drivers } from "../../adapters/pg/drivers.ts";
import { type Fault, type RunningServer, startNeonServer } from "../../servers/neon/server.ts";
import type { AnomalyKind } from "./anomaly.ts";
import { check } from "./checker.ts";
import { committed, run } from "./workload.ts";

const transports: Readonly<Record<string, (server: RunningServer) => readonly [url: string, AdapterFactory]>> = {
  "neon, WebSocket": (server) => [server.url, neon(optionsFor({ neon: neonHttp, Client, WebSocket }, server))],
  pg: ({ plainUrl }) => [plainUrl, postgres(drivers.pg)],
  "postgres.js": ({ plainUrl }) => [plainUrl, postgres(drivers["postgres.js"])],
};

const allowed: Readonly<Partial<Record<IsolationLevel, readonly AnomalyKind[]>>> = {
  "read committed": ["G-single", "G2"],
  "repeatable read": ["G2"],
  serializable: [],
};

async function start(transport: string): Promise<{ db: Database; server: RunningServer }> {
  const server = await startNeonServer();
  const [url, adapter] = transports[transport]!(server);
  const db = createDatabase(url, { adapters: [adapter], pool: { max: 10, acquireTimeoutMs: 20_000 } });
  onTestFinished(async () => {
    expect(db.stats()).toMatchObject({ busy: 0, waiting: 0 });
    await db.dispose();
    expect(await server.leaks()).toEqual([]);
    await server.stop();
  });
  return { db, server };
}

describe.each(Object.keys(transports))("%s", (transport) => {
  test.each(Object.entries(allowed))("at %s", async (isolationLevel, kinds) => {
    const { db } = await start(transport);
    const history = await run(db, { seed: 11, isolationLevel: isolationLevel as IsolationLevel });
    expect(check(history).filter(({ kind }) => !kinds.includes(kind))).toEqual([]);
    expect(committed(history)).toBeGreaterThan(30);
  });

  test("serializable, while connections are cut and answers are lost", async () => {
    const { db, server } = await start(transport);
    const lose = (action: Fault["action"]) => () => server.fail({ on: "tunnel", action });
    const troubles = [
      () => server.kill({ which: "transaction" }),
      () => server.kill({ which: "active", how: "terminate" }),
      ...(["drop-before", "drop-during", "drop-after"] as const).map(lose),
    ];
    const history = await run(db, { seed: 12, isolationLevel: "serializable", troubles });
    expect(check(history)).toEqual([]);
    expect(committed(history)).toBeGreaterThan(20);
  });
});
