// A Worker and its pool host, each in an isolate of its own, on a real PostgreSQL.

import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import type { PoolHostOptions, PoolHostStats } from "../../../src/integrations/pool-host/index.ts";
import { type NeonServerOptions, type RunningServer, startNeonServer } from "../../servers/neon/server.ts";
import { PATIENCE } from "../../servers/patience.ts";
import { bundleWorker } from "../bundle.ts";
import { type Answer, type Call, call } from "../workers/client.ts";
import { startWorkerd, type Workerd } from "../workerd.ts";

/** From RPC on, before promises could be settled from another request, and the newest: that tells of clients that leave. */
export const DATES = ["2024-04-03", "2024-09-01", undefined] as const;

export interface StageOptions {
  readonly server?: NeonServerOptions;
  readonly host?: Partial<PoolHostOptions> & { readonly hooks?: boolean };
  readonly compatibilityDate?: string | undefined;
  readonly shards?: number;
  /** How the host reaches PostgreSQL. Default: by TCP, and at older dates, which lack Node's modules, by Neon's WebSocket. */
  readonly transport?: "ws" | "tcp";
  /** What workerd may print. Default: nothing. */
  readonly log?: RegExp;
  /** Its host has no pool that could be asked. */
  readonly isBroken?: boolean;
  /** The Worker in a process of its own. */
  readonly isSplit?: boolean;
}

export interface Stage {
  readonly server: RunningServer;
  /** Of the Worker alone, where it has a process of its own. */
  readonly worker: Workerd;
  call(path: string): Call;
  get(path: string): Promise<Answer>;
  /** The answer of a request that is to succeed. */
  json<T = unknown>(path: string): Promise<T>;
  stats(): Promise<PoolHostStats>;
  /** Calls a method of the object. */
  raw<T>(name: string): Promise<T>;
  /** Waits until nobody is in the host, and nothing is lent. */
  quiet(): Promise<void>;
  /** Starts the Worker anew, where it has a process of its own. */
  restart(): Promise<void>;
}

const TABLES = `CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, count int NOT NULL DEFAULT 0);
  INSERT INTO item SELECT n, 'item ' || n FROM generate_series(1, 1000) AS n;
  CREATE TABLE orders (id int, part int, PRIMARY KEY (id, part))`;

const bundles = new Map<string, Promise<string>>();

function bundle(file: string): Promise<string> {
  const bundling =
    bundles.get(file) ??
    bundleWorker(join(import.meta.dirname, file)).then(({ code, warnings }) => {
      expect(warnings).toEqual([]);
      return code;
    });
  bundles.set(file, bundling);
  return bundling;
}

/** Starts both; at the end of the test nothing may be open, lent or waited for. */
export async function startStage(options: StageOptions = {}): Promise<Stage> {
  const {
    server: serverOptions,
    host = {},
    compatibilityDate,
    shards = 1,
    log = /^$/,
    isSplit = false,
    isBroken = false,
  } = options;
  const { transport = compatibilityDate === undefined ? "tcp" : "ws" } = options;
  const [hostCode, workerCode] = await Promise.all([bundle(`host-${transport}.ts`), bundle("worker.ts")]);
  const server = await startNeonServer(serverOptions);
  await server.query(TABLES);
  const date = compatibilityDate === undefined ? {} : { compatibilityDate };
  const { url: DATABASE_URL, plainUrl: PLAIN_URL, fetchEndpoint: FETCH_ENDPOINT, wsProxy: WS_PROXY } = server;
  const bindings = { DATABASE_URL, PLAIN_URL, FETCH_ENDPOINT, WS_PROXY, OPTIONS: JSON.stringify(host) };
  const objectsOf = { POOL: { worker: "host", className: "ShopPool" } };
  const hosts = {
    host: { script: hostCode, bindings, ...date, durableObjects: ["ShopPool"], objectsOf },
  };
  const own = { script: workerCode, ...date, bindings: { ...bindings, SHARDS: String(shards) } };
  const gate = isSplit ? await freePort() : 0;
  const objects = await startWorkerd({
    ...own,
    objectsOf,
    workers: hosts,
    ...(isSplit && {
      isExperimental: true,
      sockets: [
        `(name = "gate", address = "127.0.0.1:${gate}", http = (capnpConnectHost = "gate"), service = (name = "host", entrypoint = "Gate"))`,
      ],
    }),
  });
  const start = (): Promise<Workerd> =>
    startWorkerd({
      ...own,
      isExperimental: true,
      more: [`(name = "GATE", service = "gate")`],
      services: [`(name = "gate", external = (address = "127.0.0.1:${gate}", http = (capnpConnectHost = "gate")))`],
    });
  let worker = isSplit ? await start() : objects;
  const told = (): string => (isSplit ? objects.log() + worker.log() : objects.log());
  const getFrom = async (url: string, path: string): Promise<Answer> => {
    const answer = await call(url, path).answer;
    if (!answer) throw new Error(`no answer to ${path}\n${told()}`);
    return answer;
  };
  const ask = async <T>(path: string, url: string = worker.url): Promise<T> => {
    const { status, body } = await getFrom(url, path);
    if (status !== 200) throw new Error(`${path}: ${status} ${body}\n${told()}`);
    return JSON.parse(body) as T;
  };
  const stats = async (): Promise<PoolHostStats> => sum(await ask<PoolHostStats[]>("/stats", objects.url));
  const stage: Stage = {
    server,
    get worker() {
      return worker;
    },
    call: (path) => call(worker.url, path),
    get: (path) => getFrom(worker.url, path),
    json: (path) => ask(path),
    stats,
    raw: (name) => ask(`/raw?call=${name}`, objects.url),
    quiet: () =>
      expect
        .poll(async () => {
          const { seats, busy, waiting, opening } = await stats();
          return { seats, busy, waiting, opening };
        }, PATIENCE)
        .toEqual({ seats: 0, busy: 0, waiting: 0, opening: 0 }),
    restart: async () => {
      await worker.stop();
      worker = await start();
    },
  };
  onTestFinished(async () => {
    try {
      if (!isBroken) await stage.quiet();
      const { open } = isBroken ? { open: 0 } : await stats();
      const states = async (): Promise<string[]> => (await server.open()).backends.map(({ state }) => state);
      // PostgreSQL takes its time to end those of an object that was reset.
      await expect
        .poll(async () => (await states()).length, { ...PATIENCE, message: "connections that the host does not know" })
        .toBeLessThanOrEqual(open);
      expect((await states()).filter((state) => state !== "idle")).toEqual([]);
      expect(told()).toMatch(log);
    } finally {
      if (isSplit) await worker.stop();
      await objects.stop();
      const leaks = await server.leaks();
      await server.stop();
      expect(leaks).toEqual([]);
    }
  });
  return stage;
}

function sum(all: readonly PoolHostStats[]): PoolHostStats {
  return all.reduce((one, other) => {
    const counts = Object.entries(one).map(([name, count]) => [name, count + other[name as keyof PoolHostStats]]);
    return Object.fromEntries(counts) as PoolHostStats;
  });
}

async function freePort(): Promise<number> {
  const { createServer } = await import("node:net");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
