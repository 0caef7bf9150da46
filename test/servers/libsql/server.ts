import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Libsql from "libsql";
import { Batches } from "./batches.ts";
import { HttpFailure, ProtocolFailure, StatementFailure } from "./failures.ts";
import { Faults } from "./faults.ts";
import type { Counts, Fault, LibsqlServerOptions, OpenStream, SeenRequest } from "./options.ts";
import { type Asker, Pipeline } from "./pipeline.ts";
import { profiles } from "./profile.ts";
import { Statements } from "./statements.ts";
import { Streams } from "./streams.ts";
import type { WireBody } from "./wire.ts";
import { WriteLock } from "./write-lock.ts";

const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "*, authorization",
  "access-control-allow-methods": "*",
};

type Seen = { -readonly [Name in keyof SeenRequest]: SeenRequest[Name] };

/** A Hrana server over HTTP on a real SQLite file: one connection a stream, so that locks and isolation are real. */
export class LibsqlServer {
  readonly faults: Faults = new Faults();
  readonly #options: LibsqlServerOptions;
  readonly #profile;
  readonly #folder: string;
  readonly #keeper: InstanceType<typeof Libsql>;
  readonly #streams: Streams;
  readonly #lock: WriteLock;
  readonly #batches: Batches;
  readonly #pipeline: Pipeline;
  readonly #http = createServer((request, response) => void this.#serve(request, response));
  #seen: Seen[] = [];

  constructor(options: LibsqlServerOptions) {
    this.#options = options;
    this.#profile = profiles[options.profile ?? "sqld"];
    this.#folder = options.folder ?? mkdtempSync(join(tmpdir(), "libsql-server-"));
    const file = join(this.#folder, "default.db");
    this.#keeper = open(file);
    this.#keeper.prepare("PRAGMA journal_mode=WAL").all();
    const {
      txnTimeoutMs = 5_000,
      busy = "queue",
      maxStreams = 128,
      expirationMs = 10_000,
      maxResponseBytes = 10_000_000,
    } = options;
    const profile = this.#profile;
    this.#lock = new WriteLock(() => this.#streams, txnTimeoutMs, busy);
    const lock = this.#lock;
    this.#streams = new Streams({
      profile,
      maxStreams,
      expirationMs,
      openEngine: () => open(file),
      onClose: () => lock.wake(),
    });
    const statements = new Statements({ profile, lock, maxResponseBytes });
    this.#batches = new Batches(profile, statements);
    this.#pipeline = new Pipeline(profile, statements, this.#batches);
  }

  /** Listens on 127.0.0.1; gives the URL. */
  async listen(): Promise<string> {
    this.#http.listen(this.#options.port ?? 0, "127.0.0.1");
    await once(this.#http, "listening");
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** Every request but the preflights of browsers, in order of their coming. */
  get requests(): readonly SeenRequest[] {
    return this.#seen;
  }

  get counts(): Counts {
    return { ...this.#streams.counts, forcedRollbacks: this.#lock.forcedRollbacks };
  }

  open(): OpenStream[] {
    return this.#streams.report();
  }

  forgetRequests(): void {
    this.#seen = [];
  }

  expireStreams(): void {
    for (const stream of this.#streams.all) this.#streams.expire(stream);
  }

  forgetStreams(): void {
    this.#streams.forget();
  }

  async stop(): Promise<void> {
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, "close");
    this.#streams.forget();
    this.#keeper.close();
    if (this.#options.folder === undefined) rmSync(this.#folder, { recursive: true, force: true });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = (status: number, body: unknown, contentType = "application/json"): void => {
      seen.status = status;
      response.writeHead(status, { ...CORS, "content-type": contentType });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    };
    const { authorization } = request.headers;
    const { pathname: path } = new URL(request.url ?? "/", "http://localhost");
    const seen: Seen = {
      method: request.method ?? "",
      path,
      types: [],
      sql: [],
      hasBaton: false,
      authorization,
      status: "open",
    };
    if (request.method === "OPTIONS") return answer(204, "");
    this.#seen.push(seen);
    try {
      const body = await readBody(request);
      describeBody(seen, body);
      await this.#delay();
      const fault = this.faults.take(seen);
      if (await this.#isStopped(fault, seen, request, answer)) return;
      await this.#route(path, body, seen, response, fault, answer);
    } catch (error) {
      this.#fail(error, answer);
    }
  }

  /** Faults that come before any work. */
  async #isStopped(fault: Fault | undefined, seen: Seen, request: IncomingMessage, answer: Answer): Promise<boolean> {
    switch (fault?.action) {
      case "status":
        answer(fault.status ?? 500, fault.body ?? "", fault.contentType ?? "text/plain");
        return true;
      case "drop-before":
        seen.status = fault.action;
        request.socket.destroy();
        return true;
      case "hang":
        seen.status = fault.action;
        return true;
      default:
        return false;
    }
  }

  async #route(
    path: string,
    body: WireBody | undefined,
    seen: Seen,
    response: ServerResponse,
    fault: Fault | undefined,
    answer: Answer,
  ): Promise<void> {
    const [, version, endpoint] = /^\/(v[23])\/(pipeline|cursor)$/.exec(path) ?? [];
    const { newest = "v3" } = this.#options;
    if (seen.method === "GET" && /^\/(v2|v3|health|version)$/.test(path) && path <= `/${newest}`)
      return answer(200, "Hrana over HTTP", "text/plain");
    const isKnown =
      seen.method === "POST" &&
      version !== undefined &&
      version <= newest &&
      !(endpoint === "cursor" && version === "v2");
    if (!isKnown) return answer(404, { error: "not found" });
    const asker: Asker = { permission: this.#authenticate(seen.authorization), version: version === "v2" ? 2 : 3 };
    if (body === undefined) throw new ProtocolFailure("Could not deserialize client message");
    if (endpoint === "cursor") await this.#runCursor(body, asker, seen, response, fault);
    else await this.#runPipeline(body, asker, seen, response, fault, answer);
  }

  async #runPipeline(
    body: WireBody,
    asker: Asker,
    seen: Seen,
    response: ServerResponse,
    fault: Fault | undefined,
    answer: Answer,
  ): Promise<void> {
    const { requests = [], baton: given } = body;
    const close = requests.findIndex(({ type }) => type === "close");
    if (this.#profile.wantsCloseLast && close >= 0 && close < requests.length - 1)
      throw new HttpFailure(400, "close must be the last request");
    const stream = await this.#streams.take(given);
    let results: unknown[];
    try {
      results = await this.#pipeline.run(stream, requests, asker);
    } catch (error) {
      this.#streams.destroy(stream);
      throw error;
    }
    if (fault?.action === "no-baton") stream.close();
    const baton = this.#streams.release(stream);
    await this.#delay();
    const base_url = (fault?.action === "base-url" ? fault.baseUrl : this.#options.baseUrl) ?? null;
    const text = JSON.stringify({ baton, base_url, results });
    if (fault?.action === "drop-after") {
      seen.status = fault.action;
      response.destroy();
    } else if (fault?.action === "hang-after") seen.status = fault.action;
    else if (fault?.action === "truncate") answer(200, text.slice(0, text.length / 2));
    else answer(200, text);
  }

  async #runCursor(
    body: WireBody,
    asker: Asker,
    seen: Seen,
    response: ServerResponse,
    fault: Fault | undefined,
  ): Promise<void> {
    const { batch } = body;
    if (batch === undefined) throw new ProtocolFailure("Could not deserialize client message");
    const stream = await this.#streams.take(body.baton);
    try {
      this.#batches.check(stream, batch, asker);
    } catch (error) {
      this.#streams.destroy(stream);
      // sqld answers so, where a pipeline would tell the error in its body.
      throw error instanceof StatementFailure ? new HttpFailure(500, `Internal Error: \`${error.message}\``) : error;
    }
    stream.hadCursor = true;
    let end!: () => void;
    stream.cursor = new Promise((resolve) => (end = resolve));
    const baton = this.#streams.release(stream);
    seen.status = 200;
    response.writeHead(200, { ...CORS, "content-type": "text/plain" });
    await writeLine(response, { baton, base_url: this.#options.baseUrl ?? null });
    try {
      let count = 0;
      for await (const entry of this.#batches.entries(stream, batch, asker)) {
        if (fault?.action === "truncate" && ++count > 3) break;
        if (!(await writeLine(response, entry))) break;
      }
    } finally {
      end();
    }
    await this.#delay();
    response.end();
  }

  #authenticate(authorization: string | undefined): Asker["permission"] {
    const { tokens } = this.#options;
    if (tokens === undefined) return "full";
    const permission = tokens[authorization?.replace(/^Bearer /, "") ?? ""];
    if (permission === undefined) throw new HttpFailure(401, "Unauthorized: `The JWT is invalid`");
    return permission;
  }

  #fail(error: unknown, answer: Answer): void {
    const { message } = error as Error;
    if (error instanceof ProtocolFailure) {
      const { body, contentType } = this.#profile.protocolAnswer(message);
      answer(400, body, contentType);
    } else if (error instanceof HttpFailure) {
      answer(error.status, error.code === undefined ? { error: message } : { message, code: error.code });
    } else answer(500, { error: message });
  }

  async #delay(): Promise<void> {
    const { latencyMs = 0 } = this.#options;
    if (latencyMs > 0) await sleep(latencyMs / 2);
  }
}

/** What is lost when the machine fails is not tested, and waiting for the disk takes most of the time. */
function open(file: string): InstanceType<typeof Libsql> {
  const engine = new Libsql(file);
  engine.exec("PRAGMA synchronous=OFF");
  return engine;
}

type Answer = (status: number, body: unknown, contentType?: string) => void;

async function readBody(request: IncomingMessage): Promise<WireBody | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  try {
    return JSON.parse(Buffer.concat(chunks).toString()) as WireBody;
  } catch {
    return undefined;
  }
}

function describeBody(seen: Seen, body: WireBody | undefined): void {
  const { requests = [], batch, baton } = body ?? {};
  const batches = [
    ...requests.flatMap((request) => (request.type === "batch" ? request.batch : [])),
    ...(batch ? [batch] : []),
  ];
  const texts = [...requests, ...batches.flatMap(({ steps }) => steps)].map((part) =>
    "stmt" in part ? part.stmt.sql : "sql" in part ? part.sql : undefined,
  );
  seen.types = batch ? ["cursor"] : requests.map(({ type }) => type);
  seen.sql = texts.filter((text) => typeof text === "string");
  seen.hasBaton = typeof baton === "string";
}

/** False when the reader has left. */
async function writeLine(response: ServerResponse, line: unknown): Promise<boolean> {
  if (response.destroyed) return false;
  if (response.write(`${JSON.stringify(line)}\n`)) return true;
  const settled = new AbortController();
  const { signal } = settled;
  const waits = ["drain", "close"].map((name) => once(response, name, { signal }).catch(() => undefined));
  await Promise.race(waits);
  settled.abort();
  return !response.destroyed;
}
