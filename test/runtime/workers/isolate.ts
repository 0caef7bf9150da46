// A Worker on a libSQL server: both real, the server in a process of its own.

import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import type { DatabaseStats, PoolOptions } from "../../../src/index.ts";
import { type LibsqlServerOptions, type RunningServer, startLibsqlServer } from "../../servers/libsql/libsql-server.ts";
import { bundleWorker } from "../bundle.ts";
import { startWorkerd, type WorkerdOptions } from "../workerd.ts";
import { type Answer, type Call, call } from "./client.ts";

/** Before promises could be settled from another request, from then on, and the newest: that tells of clients that leave. */
export const DATES = ["2024-09-01", "2024-10-14", undefined] as const;

export interface Isolate {
  readonly url: string;
  readonly server: RunningServer;
  /** Sends a GET request, by a client that can reset its connection. */
  call(path: string): Call;
  /** Sends a GET request, and waits for its answer. */
  get(path: string): Promise<Answer>;
  /** What handlers have told since the last call. */
  events(): Promise<string[]>;
  /** Numbers in the table `goods`. */
  names(): Promise<number[]>;
  /** What the worker's database counts. */
  stats(): Promise<DatabaseStats>;
  /** Waits until a condition holds; for what workerd does when nobody waits for it. */
  until(condition: () => boolean | Promise<boolean>): Promise<void>;
  log(): string;
}

export interface IsolateOptions extends Partial<Omit<WorkerdOptions, "script">> {
  readonly server?: LibsqlServerOptions;
  readonly pool?: PoolOptions;
  /** Streams that may be left at the server, for those who left before its answer. Default 0. */
  readonly lostStreams?: number;
  /** What workerd may print. Default: nothing. */
  readonly log?: RegExp;
}

/**
 * Starts a worker of this folder, with the server's URL as `env.DATABASE_URL`. At the end of the test nothing may be lent
 * nor waited for; the worker's `/dispose` closes its database, and then nothing may be open at the server.
 */
export async function startIsolate(file: string, options: IsolateOptions = {}): Promise<Isolate> {
  const { server: serverOptions = {}, pool = {}, lostStreams = 0, log = /^$/, bindings, ...workerdOptions } = options;
  const { code, warnings } = await bundleWorker(join(import.meta.dirname, file));
  expect(warnings).toEqual([]);
  const server = await startLibsqlServer(serverOptions);
  await createGoods(server.url);
  await server.forgetRequests();
  const workerd = await startWorkerd({
    ...workerdOptions,
    script: code,
    bindings: { ...bindings, DATABASE_URL: server.url, POOL: JSON.stringify(pool) },
  });
  const get = async (path: string): Promise<Answer> => {
    const answer = await call(workerd.url, path).answer;
    if (!answer) throw new Error(`no answer to ${path}\n${workerd.log()}`);
    return answer;
  };
  const isolate: Isolate = {
    url: workerd.url,
    server,
    call: (path) => call(workerd.url, path),
    get,
    stats: async () => JSON.parse((await get("/stats")).body) as never,
    events: async () => JSON.parse((await get("/events")).body) as string[],
    names: async () => JSON.parse((await get("/names")).body) as number[],
    until: async (condition) => {
      const deadline = performance.now() + 120_000;
      while (!(await condition())) {
        if (performance.now() > deadline) throw new Error(`it never came to be\n${workerd.log()}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    log: workerd.log,
  };
  onTestFinished(async () => {
    try {
      const { busy, waiting, opening } = await isolate.stats();
      expect({ busy, waiting, opening }, "left in the isolate").toEqual({ busy: 0, waiting: 0, opening: 0 });
      await get("/dispose");
      expect(await server.open(), "streams left at the server").toHaveLength(lostStreams);
      expect(workerd.log()).toMatch(log);
    } finally {
      await workerd.stop();
      await server.stop();
    }
  });
  return isolate;
}

/** A table, and one whose rows are checked when their transaction is committed. */
export async function createGoods(url: string, token?: string): Promise<void> {
  await ask(url, "CREATE TABLE goods (id INTEGER PRIMARY KEY, name TEXT UNIQUE)", token);
  await ask(url, "CREATE TABLE orphan (parent INTEGER REFERENCES goods (id) DEFERRABLE INITIALLY DEFERRED)", token);
}

/** What is in the table, asked past the worker. */
export async function idsAt(url: string, token?: string): Promise<number[]> {
  const rows = await ask(url, "SELECT id FROM goods ORDER BY id", token);
  return rows.map(([cell]) => Number(cell!.value));
}

async function ask(url: string, sql: string, token = ""): Promise<{ value: string }[][]> {
  const requests = [{ type: "execute", stmt: { sql } }, { type: "close" }];
  const response = await fetch(`${url}/v2/pipeline`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ requests }),
  });
  const { results } = (await response.json()) as {
    results: [{ response: { result: { rows: { value: string }[][] } } }];
  };
  return results[0].response.result.rows;
}
