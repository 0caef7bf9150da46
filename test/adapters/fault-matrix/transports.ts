// The transports of the matrix, libSQL's so far: each on its real server, with what may go wrong there.

import { AsyncLocalStorage } from "node:async_hooks";
import { libsql } from "../../../src/adapters/libsql/index.ts";
import { type AdapterFactory, asyncLocal, createDatabase, type Database } from "../../../src/index.ts";
import { type LibsqlServerOptions, startLibsqlServer } from "../../servers/libsql/libsql-server.ts";
import { realSqld } from "../libsql/shop.ts";

/** A server with a table `goods (n)`, as the matrix uses it. */
export interface Stage {
  /** A new database; nothing of it is open yet. */
  open(): Database;
  /** Messages that were sent and waited for since the last call. */
  sent(): Promise<number>;
  /** Something goes wrong with the message behind so many. */
  fail(action: string, after: number): Promise<void>;
  clear(): Promise<void>;
  /** What is stored, in order, read past the database once nothing is under way; then nothing is stored. */
  take(): Promise<number[]>;
  /** What is open at the server, in words. */
  leaks(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export interface Transport {
  readonly name: string;
  readonly actions: readonly string[];
  /** `undefined`: there is none for this machine. */
  readonly start: (() => Promise<Stage>) | undefined;
}

/** Long enough for a slow machine, and what each message that never is answered costs the whole matrix. */
const SESSION_MS = 1_500;

function connect(url: string, adapter: AdapterFactory): Database {
  return createDatabase(url, {
    adapters: [adapter],
    context: asyncLocal(AsyncLocalStorage),
    setup: ["SELECT 'setup'"],
    afterConnection: async (connection) => void (await connection.query("SELECT 'hook'")),
    defaults: { timeoutMs: SESSION_MS },
    pool: { max: 2, acquireTimeoutMs: SESSION_MS, openTimeoutMs: SESSION_MS },
  });
}

async function startLibsql(options: LibsqlServerOptions): Promise<Stage> {
  const server = await startLibsqlServer(options);
  const ask = async (sql: string): Promise<number[]> => {
    const requests = [{ type: "execute", stmt: { sql } }, { type: "close" }];
    const response = await fetch(`${server.url}/v2/pipeline`, { method: "POST", body: JSON.stringify({ requests }) });
    const { results } = (await response.json()) as {
      results: [{ response: { result: { rows: { value: string }[][] } } }];
    };
    return results[0].response.result.rows.map(([cell]) => Number(cell!.value));
  };
  await ask("CREATE TABLE goods (n INTEGER)");
  return {
    open: () => connect(server.url, libsql()),
    sent: async () => {
      const { length } = await server.requests();
      await server.forgetRequests();
      return length;
    },
    fail: (action, after) => server.fail({ action: action as "hang", after, status: 502 }),
    clear: () => server.clearFaults(),
    take: async () => {
      // Streams whose answers were lost end at the server by themselves, after ten seconds.
      await server.expireStreams();
      const stored = await ask("SELECT n FROM goods ORDER BY n");
      await ask("DELETE FROM goods");
      return stored;
    },
    leaks: async () => (await server.open()).map(({ number }) => `stream ${number}`),
    stop: () => server.stop(),
  };
}

const HTTP = ["status", "drop-before", "drop-after", "truncate", "hang", "hang-after", "no-baton"] as const;
const real = await realSqld();

export const transports: readonly Transport[] = [
  { name: "libSQL at sqld", actions: HTTP, start: () => startLibsql({ profile: "sqld" }) },
  { name: "libSQL at Turso Cloud", actions: HTTP, start: () => startLibsql({ profile: "turso-cloud" }) },
  { name: "libSQL at a real sqld", actions: HTTP, start: real && (() => startLibsql(real)) },
];
