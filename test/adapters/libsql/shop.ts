import { AsyncLocalStorage } from "node:async_hooks";
import { expect, onTestFinished } from "vitest";
import { asyncLocal, createDatabase, type Database, type DatabaseOptions } from "../../../src/index.ts";
import { type EitherOptions, libsqlOrClient } from "./factory.ts";
import { ensureSqld } from "../../setup/ensure-sqld.mjs";
import {
  type LibsqlServerOptions,
  type ProfileName,
  type RunningServer,
  startLibsqlServer,
} from "../../servers/libsql/libsql-server.ts";

export const PROFILES: readonly ProfileName[] = ["sqld", "turso-cloud"];

/** A server that tests run on: what it is, and how it is started; `undefined` where there is none for this machine. */
export interface ServerCase {
  readonly name: string;
  readonly options: LibsqlServerOptions | undefined;
  /** Whether it closes streams that hold nothing, and its answers have no baton then. */
  readonly isCloud: boolean;
}

/** Our own server as both, and a real sqld. */
export const SERVERS: readonly ServerCase[] = [
  ...PROFILES.map((profile) => ({ name: profile, options: { profile }, isCloud: profile === "turso-cloud" })),
  { name: "a real sqld", options: await realSqld(), isCloud: false },
];

/** Options of a real sqld; `undefined` where there is none for this machine. */
export async function realSqld(): Promise<LibsqlServerOptions | undefined> {
  const program = await ensureSqld();
  return program === undefined ? undefined : { program };
}

export interface Shop {
  readonly db: Database;
  readonly server: RunningServer;
  /** Requests since the last call, each as the types of what it held. */
  sent(): Promise<string[]>;
  /** Names in the table `goods`, read past the database; counts as a request. */
  names(): Promise<string[]>;
}

export interface ShopOptions {
  readonly server?: LibsqlServerOptions;
  readonly libsql?: EitherOptions;
  readonly database?: Partial<DatabaseOptions>;
  /** Added to the URL. */
  readonly query?: string;
  /** Streams that the test leaves to expire: those whose answer was lost. Default 0. */
  readonly lostStreams?: number;
}

/** A database with a table `goods (id, name)`, on a server of its own; when its test ends, nothing may be open there. */
export async function openShop({
  server: serverOptions = {},
  libsql: options = {},
  database = {},
  query = "",
  lostStreams = 0,
}: ShopOptions = {}): Promise<Shop> {
  const server = await startLibsqlServer(serverOptions);
  const token = Object.entries(serverOptions.tokens ?? {}).find(([, permission]) => permission === "full")?.[0];
  await ask(server.url, token, "CREATE TABLE goods (id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
  const db = createDatabase(server.url + query, {
    adapters: [libsqlOrClient({ authToken: token, ...options })],
    context: asyncLocal(AsyncLocalStorage),
    ...database,
  });
  await server.forgetRequests();
  onTestFinished(async () => {
    const { busy, waiting } = db.stats();
    expect({ busy, waiting }, "lent or waiting at the end").toEqual({ busy: 0, waiting: 0 });
    await db.dispose();
    expect(await server.open(), "streams left at the server").toHaveLength(lostStreams);
    await server.stop();
  });
  return {
    db,
    server,
    sent: async () => {
      const requests = await server.requests();
      await server.forgetRequests();
      return requests.map(({ types }) => types.join(" "));
    },
    names: () => ask(server.url, token, "SELECT name FROM goods ORDER BY id"),
  };
}

/** Asks the server by itself, with nothing of ours in between; gives the first column. */
async function ask(url: string, token: string | undefined, sql: string): Promise<string[]> {
  const requests = [{ type: "execute", stmt: { sql } }, { type: "close" }];
  const headers = { authorization: `Bearer ${token ?? ""}` };
  const response = await fetch(`${url}/v2/pipeline`, { method: "POST", headers, body: JSON.stringify({ requests }) });
  const { results } = (await response.json()) as {
    results: [{ response: { result: { rows: { value: string }[][] } } }];
  };
  return results[0].response.result.rows.map(([cell]) => cell!.value);
}

export function add(id: number, name: string): { text: string; params: [number, string] } {
  return { text: "INSERT INTO goods (id, name) VALUES (?, ?)", params: [id, name] };
}
