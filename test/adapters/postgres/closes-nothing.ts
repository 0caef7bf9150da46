// A script that asks, and closes nothing: run in a process of its own.

import { Client as NeonClient, neon as query } from "@neondatabase/serverless";
import { Client } from "pg";
import { WebSocket } from "ws";
import { neon } from "../../../src/adapters/neon/index.ts";
import { postgres } from "../../../src/adapters/pg/index.ts";
import { createDatabase } from "../../../src/index.ts";
import { optionsFor } from "../neon/target.ts";

const { DRIVER, URL: url = "", FETCH_ENDPOINT: fetchEndpoint = "", WS_PROXY: wsProxy = "", WORK } = process.env;
const proxy = { fetchEndpoint, wsProxy };
const adapter =
  DRIVER === "pg"
    ? postgres({ Client })
    : neon(optionsFor({ neon: query, Client: NeonClient, WebSocket }, proxy, { transport: "ws" }));
// As long as a test may take, and longer.
const db = createDatabase(url, { adapters: [adapter], pool: { idleMs: 3_600_000 } });

/** A wait that keeps no process alive. */
const pause = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 20).unref());

const works: Readonly<Record<string, () => Promise<unknown>>> = {
  idle: () => Promise.all([1, 2, 3].map(() => db.autocommit.query("SELECT 1"))),
  "in a session": () =>
    db.session(async (session) => {
      await session.query("SELECT 1");
      await pause();
      await session.query("SELECT 2");
    }),
  "lent again": async () => {
    await db.autocommit.query("SELECT 1");
    await db.session(async (session) => {
      await session.query("SELECT 1");
      await pause();
    });
  },
  detached: async () => {
    const session = db.open();
    await session.query("SELECT 1");
    await pause();
    await session.close();
  },
  disposed: async () => {
    await db.autocommit.query("SELECT 1");
    await db.dispose();
  },
};
await works[WORK!]!();
console.log("done");
