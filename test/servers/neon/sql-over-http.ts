// `POST /sql`, as Neon's proxy answers it: proxy/src/serverless/sql_over_http.rs, json.rs and http_util.rs of neondatabase/neon.

import type { Answer, Backend, Budget, Login } from "./backend.ts";
import type { Backends } from "./backends.ts";
import { HttpFailure, wrongPassword } from "./failures.ts";
import type { NeonServerOptions, SeenRequest } from "./options.ts";
import { checkToken } from "./tokens.ts";

/** A statement of a body: parameters as PostgreSQL's texts. */
export interface Query {
  readonly query: string;
  readonly params: readonly (string | null)[];
  readonly arrayMode: boolean | undefined;
}

export interface Payload {
  readonly isBatch: boolean;
  readonly queries: readonly Query[];
}

type Headers = SeenRequest["headers"];

export interface Asked {
  readonly headers: Headers;
  readonly payload: Payload;
  /** Told the connection that works for this request: whoever hangs up has it cancelled. */
  onStart(backend: Backend): void;
  hasLeft(): boolean;
}

const ISOLATION: Readonly<Record<string, string>> = {
  Serializable: "SERIALIZABLE",
  ReadUncommitted: "READ UNCOMMITTED",
  ReadCommitted: "READ COMMITTED",
  RepeatableRead: "REPEATABLE READ",
};
const BATCH_HEADERS = ["neon-batch-isolation-level", "neon-batch-read-only", "neon-batch-deferrable"];

/** Runs the queries of one request. */
export class SqlOverHttp {
  readonly #backends: Backends;
  readonly #endpoints: readonly string[] | undefined;
  readonly #max: number;

  constructor(backends: Backends, { endpoints, maxResponseBytes = 64 * 2 ** 20 }: NeonServerOptions) {
    this.#backends = backends;
    this.#endpoints = endpoints;
    this.#max = maxResponseBytes;
  }

  /** @returns the body of the answer, and the headers that a batch has echoed. */
  async answer(asked: Asked): Promise<{ readonly body: unknown; readonly headers: Record<string, string> }> {
    const { headers, payload } = asked;
    const { login, isTrusted } = loginOf(headers, this.#endpoints);
    const mode = batchMode(headers);
    const backend = await this.#backends.acquire(login, isTrusted);
    asked.onStart(backend);
    const budget: Budget = { left: this.#max, max: this.#max };
    const one = (query: Query): Promise<unknown> => runOne(backend, query, headers, budget);
    try {
      const body = payload.isBatch
        ? await runBatch(backend, payload.queries, mode, one)
        : await one(payload.queries[0]!);
      this.#giveBack(backend, login, isTrusted);
      const echo = payload.isBatch ? BATCH_HEADERS.map((name) => [name, headers[name]]) : [];
      const told = echo.filter(([, value]) => value !== undefined && value !== "false");
      return { body, headers: Object.fromEntries(told) as Record<string, string> };
    } catch (error) {
      // A query that failed alone takes its connection with it; a batch rolls back, as its reset begins with that.
      if (payload.isBatch && !asked.hasLeft()) this.#giveBack(backend, login, isTrusted);
      else this.#backends.discard(backend);
      throw error;
    }
  }

  #giveBack(backend: Backend, login: Login, isTrusted: boolean): void {
    if (isTrusted || backend.isDead) this.#backends.discard(backend);
    else this.#backends.release(backend, login);
  }
}

/** @throws HttpFailure 400, in the words of serde. */
export function parsePayload(text: string): Payload {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new HttpFailure(400, `could not parse the HTTP request body: ${(error as Error).message}`);
  }
  const { query, queries } = Object(value) as { query?: unknown; queries?: unknown };
  if (typeof query !== "string" && Array.isArray(queries)) return { isBatch: true, queries: queries.map(toQuery) };
  return { isBatch: false, queries: [toQuery(value)] };
}

function toQuery(value: unknown): Query {
  const {
    query,
    params = [],
    arrayMode,
  } = Object(value) as { query?: unknown; params?: unknown[]; arrayMode?: boolean };
  if (typeof query !== "string" || !Array.isArray(params)) {
    const why = "data did not match any variant of untagged enum Payload";
    throw new HttpFailure(400, `could not parse the HTTP request body: ${why}`);
  }
  return { query, params: params.map(toText), arrayMode };
}

/** json.rs, json_to_pg_text(). */
function toText(value: unknown): string | null {
  if (value === null || typeof value === "string") return value;
  return Array.isArray(value) ? toArrayText(value) : JSON.stringify(value);
}

function toArrayText(value: unknown): string {
  if (value === null) return "NULL";
  if (Array.isArray(value)) return `{${value.map(toArrayText).join(",")}}`;
  return JSON.stringify(typeof value === "object" ? JSON.stringify(value) : value);
}

function loginOf(headers: Headers, endpoints: readonly string[] | undefined): { login: Login; isTrusted: boolean } {
  const given = headers["neon-connection-string"];
  if (given === undefined) throw new HttpFailure(400, "missing connection string");
  if (!URL.canParse(given)) throw new HttpFailure(400, "invalid connection string: relative URL without a base");
  const { protocol, hostname, pathname, ...url } = parts(new URL(given));
  if (!/^postgres(ql)?:$/.test(protocol)) throw new HttpFailure(400, "invalid connection string: incorrect scheme");
  const [user, password, database] = [url.username, url.password, pathname.slice(1)].map(decodeURIComponent);
  if (!user) throw new HttpFailure(400, "invalid connection string: missing username");
  if (!isEndpoint(hostname, endpoints)) throw new HttpFailure(400, wrongPassword(user));
  const login = { user, password: password!, database: database! };
  const token = /^Bearer (.*)$/.exec(headers["authorization"] ?? "")?.[1];
  if (token !== undefined) checkToken(token);
  else if (!password) throw new HttpFailure(400, "missing authentication credentials: required password");
  return { login, isTrusted: token !== undefined };
}

/** A URL's parts are getters of its class: none of them is its own. */
function parts({
  protocol,
  hostname,
  pathname,
  username,
  password,
}: URL): Record<"protocol" | "hostname" | "pathname" | "username" | "password", string> {
  return { protocol, hostname, pathname, username, password };
}

/** The first label of the host names the endpoint; `-pooler` behind it names the pool in front of it. */
export function isEndpoint(host: string, endpoints: readonly string[] | undefined): boolean {
  const [endpoint] = host.split(".") as [string];
  return endpoints === undefined || endpoints.includes(endpoint.replace(/-pooler$/, ""));
}

function batchMode(headers: Headers): string {
  const [isolation, readOnly, deferrable] = BATCH_HEADERS.map((name) => headers[name]);
  if (isolation !== undefined && !(isolation in ISOLATION)) throw new HttpFailure(400, "invalid isolation level");
  const words = [
    isolation !== undefined && `ISOLATION LEVEL ${ISOLATION[isolation]}`,
    readOnly === "true" && "READ ONLY",
    deferrable === "true" && "DEFERRABLE",
  ];
  return words.filter(Boolean).join(", ");
}

async function runBatch(
  backend: Backend,
  queries: readonly Query[],
  mode: string,
  one: (query: Query) => Promise<unknown>,
): Promise<unknown> {
  await backend.run(`START TRANSACTION ${mode}`);
  const results = [];
  for (const query of queries) results.push(await one(query));
  await backend.run("COMMIT");
  return { results };
}

async function runOne(backend: Backend, query: Query, headers: Headers, budget: Budget): Promise<unknown> {
  const isRaw = headers["neon-raw-text-output"] === "true";
  const isArray = query.arrayMode ?? headers["neon-array-mode"] === "true";
  const answer = await backend.query(query.query, query.params, budget);
  const { fields, tag } = answer;
  const words = tag.split(" ");
  const count = Number(words.at(-1) || Number.NaN);
  return {
    fields: fields.map((field) => ({ ...field, format: "text" })),
    rows: rowsOf(answer, isRaw, isArray),
    command: words[0],
    rowCount: Number.isNaN(count) ? null : count,
    rowAsArray: isArray,
  };
}

function rowsOf({ fields, rows }: Answer, isRaw: boolean, isArray: boolean): unknown[] {
  return rows.map((row) => {
    const cells = row.map((text, at) => (isRaw || text === null ? text : toJson(text, fields[at]!.dataTypeID)));
    return isArray ? cells : Object.fromEntries(cells.map((cell, at) => [fields[at]!.name, cell]));
  });
}

/** json.rs, pg_text_to_json(), but for arrays: no client of ours asks for anything but texts. */
function toJson(text: string, type: number): unknown {
  if (type === 16) return text === "t";
  if (type === 21 || type === 23) return Number(text);
  if (type === 700 || type === 701) return Number.isFinite(Number(text)) ? Number(text) : text;
  return type === 114 || type === 3802 ? JSON.parse(text) : text;
}
