// A Worker on a pool host that is in another Worker: `/?do=three`.

import { Client, neon as query } from "@neondatabase/serverless";
import { optionsFor } from "../../adapters/neon/target.ts";
import { neon } from "../../../src/adapters/neon/index.ts";
import { createDatabase, type Database, isDbError, type Session } from "../../../src/index.ts";
import type { IsolationLevel } from "../../../src/index.ts";
import { check } from "../../isolation/history/checker.ts";
import { committed, run } from "../../isolation/history/workload.ts";
import { hosted, type PoolHostNamespace } from "../../../src/adapters/hosted/index.ts";
import {
  type ExecutionContext,
  requestContext,
  withSession,
  workers,
} from "../../../src/integrations/workers/index.ts";

interface Env {
  readonly POOL?: PoolHostNamespace;
  /** In another process. */
  readonly GATE?: { seat(name: string): unknown };
  readonly SHARDS?: string;
  readonly DATABASE_URL: string;
  readonly FETCH_ENDPOINT: string;
  readonly WS_PROXY: string;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let goesOn = false;

/** Between two statements: as many milliseconds as are asked for, or until `/go` is (`pause=until-go`). */
async function between(params: URLSearchParams): Promise<void> {
  const asked = params.get("pause") ?? "0";
  if (asked !== "until-go") return pause(Number(asked));
  while (!goesOn) await pause(10);
}

const UPDATE = "UPDATE item SET count = count + 1 WHERE id = $1";

const works: Record<string, (session: Session, params: URLSearchParams) => Promise<unknown>> = {
  one: async (session, params) =>
    (await session.query("SELECT name FROM item WHERE id = $1", [Number(params.get("id") ?? 1)])).rows,
  three: async (session, params) => {
    const id = Number(params.get("id") ?? 1);
    for (const step of [0, 1, 2]) {
      if (step > 0) await between(params);
      await session.query(UPDATE, [id + step]);
    }
  },
  short: async (session) => {
    await session.query(UPDATE, [1]);
    await session.query(UPDATE, [2]);
    await session.commit({ text: UPDATE, params: [3] });
  },
  lazy: async (session) => [1, 2, 3].map((id) => session.sql`UPDATE item SET count = count + 1 WHERE id = ${id}`),
  /** A row with the number of the request: what was answered is stored, and what failed is not. */
  order: async (session, params) => {
    const id = Number(params.get("id"));
    await session.query("INSERT INTO orders (id, part) VALUES ($1, 1)", [id]);
    await between(params);
    await session.query("INSERT INTO orders (id, part) VALUES ($1, 2)", [id]);
    return id;
  },
  /** The same, as one statement of its own. */
  lone: async (session, params) => {
    const id = Number(params.get("id"));
    await session.query("INSERT INTO orders (id, part) VALUES ($1, 1), ($1, 2)", [id]);
    return id;
  },
  sleep: async (session, params) =>
    (await session.query("SELECT pg_sleep($1)", [Number(params.get("ms")) / 1_000])).rows.length,
  /** Every text in turn, and what came of each. */
  sql: async (session, params) => {
    const told: unknown[] = [];
    for (const text of params.getAll("q")) {
      try {
        const { rows, rowsAffected } = await session.query(text);
        told.push(rows.length > 0 ? rows.map((row) => Object.values(row)) : rowsAffected);
      } catch (error) {
        told.push(tell(error));
      }
      await between(params);
    }
    return told;
  },
  big: async (session, params) => {
    const [count, chars, size] = ["count", "chars", "bytes"].map((name) => Number(params.get(name)));
    const { rows } = await session.query<{ id: number; text: string; bytes: Uint8Array }>(
      "SELECT g AS id, repeat('€', $2::int) AS text, decode(repeat('7f', $3::int), 'hex') AS bytes FROM generate_series(1, $1::int) AS g",
      [count!, chars!, size!],
    );
    const isWhole = rows.every(
      ({ id, text, bytes }, index) =>
        id === index + 1 && text === "€".repeat(chars!) && bytes.length === size && bytes.every((byte) => byte === 127),
    );
    return { count: rows.length, isWhole };
  },
  huge: async (session) => {
    const refused = await session.query("SELECT $1::text", ["x".repeat(40_000_000)]).catch((error: unknown) => error);
    const { code, outcome } = refused as { code: string; outcome: string };
    return { code, outcome, next: (await session.query("SELECT name FROM item WHERE id = 1")).rows };
  },
  stream: async (session, params) => {
    const [rows, bytes, stop] = ["rows", "bytes", "stop"].map((name) => Number(params.get(name) ?? 1e9));
    let [count, sum] = [0, 0];
    const text = `SELECT g AS n, repeat('x', ${bytes}) AS t FROM generate_series(1, ${rows}) AS g`;
    for await (const row of session.stream<{ n: number; t: string }>(text, {
      batchSize: Number(params.get("batch") ?? 100),
    })) {
      count++;
      sum += row.t.length;
      if (count === stop) break;
    }
    return { count, sum };
  },
  parsers: async (session) => {
    const text = "SELECT 7::int8 AS a, '2020-01-02'::date AS b, NULL::int8 AS c";
    const parsers = { 20: (value: string) => ({ big: BigInt(value) }), 1082: (value: string) => value.split("-") };
    const { rows } = await session.query({ text, parsers });
    const streamed: unknown[] = [];
    for await (const row of session.stream({ text, parsers })) streamed.push(row);
    return { rows, streamed };
  },
};

function tell(error: unknown): unknown {
  if (!isDbError(error)) return String(error);
  const { code, message, details, retryable, outcome, cause } = error;
  return { code, message, details, retryable, outcome, cause: cause === undefined ? undefined : String(cause) };
}

function json(value: unknown, status = 200): Response {
  const text = JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? `${each}n` : each));
  return new Response(text ?? "null", { status });
}

function namespaceOf({ POOL, GATE }: Env): PoolHostNamespace {
  if (!GATE) return POOL!;
  return { idFromName: (name) => name, get: (name) => ({ seat: () => GATE.seat(name) }) };
}

let databases: { readonly db: Database; readonly factory: ReturnType<typeof hosted> } | undefined;

function open(env: Env): NonNullable<typeof databases> {
  if (databases) return databases;
  const factory = hosted({ namespace: () => namespaceOf(env), shards: Number(env.SHARDS ?? 1) });
  const db = createDatabase("hosted://shop", {
    adapters: [factory],
    context: requestContext(),
    runtime: workers({ warn: false }),
  });
  return (databases = { db, factory });
}

let direct: Database | undefined;

/** Connects for each request. */
function openDirect({ DATABASE_URL, FETCH_ENDPOINT, WS_PROXY }: Env): Database {
  const proxy = { fetchEndpoint: FETCH_ENDPOINT, wsProxy: WS_PROXY };
  const adapter = neon(optionsFor({ neon: query, Client }, proxy, { transport: "ws" }));
  const runtime = workers({ warn: false });
  return (direct ??= createDatabase(DATABASE_URL, { adapters: [adapter], context: requestContext(), runtime }));
}

const worker = {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    const { pathname, searchParams: params } = new URL(request.url);
    const { db: shared, factory } = open(env);
    const db = params.has("direct") ? openDirect(env) : shared;
    const work = works[params.get("do") ?? ""];
    try {
      if (pathname === "/stats") return json(await factory.stats("hosted://shop"));
      if (pathname === "/go") return json((goesOn = true));
      if (pathname === "/history") {
        const level = params.get("level") as IsolationLevel;
        const history = await run(db, { seed: Number(params.get("seed")), isolationLevel: level, transactions: 150 });
        return json({ found: check(history), kept: committed(history) });
      }
      if (pathname === "/own") return json(db.stats());
      if (pathname === "/raw") {
        const POOL = env.POOL as { idFromName(name: string): unknown; get(id: unknown): Record<string, () => unknown> };
        return json(await POOL.get(POOL.idFromName("shop"))[params.get("call")!]!());
      }
      const timeoutMs = params.get("timeout");
      const options = {
        ...(params.has("apart") && { transaction: false }),
        ...(timeoutMs !== null && { timeoutMs: Number(timeoutMs) }),
      };
      if (params.has("bare")) return json(await db.session((session) => work!(session, params), options));
      const handler = withSession(
        db,
        async (_: Request, _env: unknown, _ctx: unknown, session) => json(await work!(session, params)),
        options,
      );
      return await handler(request, env, ctx);
    } catch (error) {
      return json(tell(error), 500);
    }
  },
};

// oxlint-disable-next-line import/no-default-export -- workerd looks for it there.
export default worker;
