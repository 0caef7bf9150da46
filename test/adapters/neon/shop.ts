import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, onTestFinished } from "vitest";
import { neon, type NeonOptions } from "../../../src/adapters/neon/index.ts";
import type { AdapterFactory } from "../../../src/contract/adapter.ts";
import {
  asyncLocal,
  createDatabase,
  type Database,
  type DatabaseOptions,
  type PoolRuntime,
  shared,
} from "../../../src/index.ts";
import { type NeonServerOptions, type RunningServer, startNeonServer } from "../../servers/neon/server.ts";
import { PATIENCE } from "../../servers/patience.ts";
import { driver } from "./driver.ts";
import { optionsFor } from "./target.ts";

export interface Shop {
  readonly db: Database;
  readonly server: RunningServer;
  /** What is stored, by number, as PostgreSQL itself sees it. */
  names(): Promise<unknown[]>;
  /** Round trips that were waited for since the last call. */
  flights(): Promise<number>;
  /** What was sent since the last call of `flights()`, as `http: SELECT 1`. */
  sent(): Promise<string[]>;
}

export interface ShopOptions {
  readonly server?: NeonServerOptions;
  readonly neon?: Partial<NeonOptions>;
  readonly db?: Partial<DatabaseOptions>;
  /** Written into the URL. */
  readonly url?: (url: string) => string;
}

/** Until a statement runs at PostgreSQL. */
export async function runs({ open }: RunningServer, text: string): Promise<void> {
  const running = async (): Promise<string[]> =>
    (await open()).backends.filter(({ state }) => state === "active").map(({ query }) => query);
  await expect.poll(running, PATIENCE).toContain(text);
}

/** Until no statement of a client's runs there. */
export async function rests({ open }: RunningServer): Promise<void> {
  await expect
    .poll(async () => (await open()).backends.filter(({ state }) => state === "active"), PATIENCE)
    .toEqual([]);
}

/** A runtime on whose clock a wait of so many milliseconds is over when it is told to be. */
export function withAlarm(delayMs: number): { readonly runtime: PoolRuntime; ring(): void } {
  const { clock, ...rest } = shared();
  const ringing: (() => void)[] = [];
  const setTimeout: typeof clock.setTimeout = (callback, ms) =>
    ms === delayMs ? void ringing.push(callback) : clock.setTimeout(callback, ms);
  const runtime = { ...rest, clock: { now: clock.now, setTimeout, clearTimeout: clock.clearTimeout } };
  return { runtime, ring: () => ringing.splice(0).forEach((callback) => callback()) };
}

export const GOODS = "CREATE TABLE goods (number int PRIMARY KEY, name text NOT NULL)";

/** A shop at a server of its own; when the test has ended, nothing may be left open or lent. */
export async function openShop(options: ShopOptions = {}): Promise<Shop> {
  return openShopBy((server) => [server.url, neon(optionsFor(driver, server, options.neon))], options);
}

/** The same by any adapter, with the URL that it is given. */
export async function openShopBy(
  reach: (server: RunningServer) => readonly [url: string, adapter: AdapterFactory],
  options: Omit<ShopOptions, "neon">,
): Promise<Shop> {
  const server = await startNeonServer(options.server);
  const [plain, adapter] = reach(server);
  const { url = (same) => same } = options;
  const db = createDatabase(url(plain), {
    adapters: [adapter],
    context: asyncLocal(AsyncLocalStorage),
    ...options.db,
  });
  const uncaught: unknown[] = [];
  const onUncaught = (error: unknown): void => void uncaught.push(error);
  process.on("uncaughtException", onUncaught);
  process.on("unhandledRejection", onUncaught);
  onTestFinished(async () => {
    const { busy, waiting } = db.stats();
    await db.dispose();
    const leaks = await server.leaks();
    await server.stop();
    process.off("uncaughtException", onUncaught);
    process.off("unhandledRejection", onUncaught);
    expect({ busy, waiting, leaks, uncaught }).toEqual({ busy: 0, waiting: 0, leaks: [], uncaught: [] });
  });
  await server.query(GOODS);
  return {
    db,
    server,
    names: async () => (await server.query("SELECT name FROM goods ORDER BY number")).map(({ name }) => name),
    flights: async () => {
      const { flights } = await server.counts();
      await server.forgetRequests();
      return flights;
    },
    sent: async () => (await server.requests()).map(({ via, sql }) => [via, sql.join("; ")].filter(Boolean).join(": ")),
  };
}

/** A port where nobody listens, and that fetch does not refuse by its number. */
export async function deadPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

export function insert(number: number, name = `goods ${number}`): { text: string; params: [number, string] } {
  return { text: "INSERT INTO goods VALUES ($1, $2)", params: [number, name] };
}
