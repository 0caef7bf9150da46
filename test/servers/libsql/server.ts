import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Libsql from "libsql";
import { Batches } from "./batches.ts";
import { Exchange } from "./exchange.ts";
import { HttpFailure, ProtocolFailure, StatementFailure } from "./failures.ts";
import { Faults } from "./faults.ts";
import type { Counts, Fault, LibsqlServerOptions, OpenStream, SeenRequest } from "./options.ts";
import { type Asker, Pipeline } from "./pipeline.ts";
import { profiles } from "./profile.ts";
import { Statements } from "./statements.ts";
import { Streams } from "./streams.ts";
import type { WireBody } from "./wire.ts";
import { WriteLock } from "./write-lock.ts";

/** A Hrana server over HTTP on a real SQLite file: one connection a stream, so that locks and isolation are real. */
export class LibsqlServer {
  readonly faults: Faults = new Faults();
  /** Requests that are never answered, by a fault. */
  readonly #hung = new Set<Exchange>();
  readonly #options: LibsqlServerOptions;
  readonly #profile;
  readonly #folder: string;
  readonly #keeper: InstanceType<typeof Libsql>;
  readonly #streams: Streams;
  readonly #lock: WriteLock;
  readonly #batches: Batches;
  readonly #pipeline: Pipeline;
  readonly #http = createServer((request, response) => void this.#serve(new Exchange(request, response)));
  #seen: SeenRequest[] = [];

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
    return { ...this.#streams.counts, forcedRollbacks: this.#lock.forcedRollbacks, waiting: this.#lock.waiting };
  }

  open(): OpenStream[] {
    return this.#streams.report();
  }

  /** Hangs up on those who wait for what never comes. */
  cutHung(): void {
    for (const exchange of this.#hung) exchange.forsake("cut", true);
    this.#hung.clear();
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

  #forsake(exchange: Exchange, how: string): void {
    const isReset = how.startsWith("drop");
    if (!isReset) this.#hung.add(exchange);
    exchange.forsake(how, isReset);
    if (how === "hang-after") this.faults.happen();
  }

  async #serve(exchange: Exchange): Promise<void> {
    const { seen } = exchange;
    if (seen.method === "OPTIONS") return exchange.answer(204, "");
    this.#seen.push(seen);
    try {
      await exchange.read();
      await this.#delay();
      const fault = this.faults.take(seen);
      const { action } = fault ?? {};
      if (action === "status")
        exchange.answer(fault!.status ?? 500, fault!.body ?? "", fault!.contentType ?? "text/plain");
      else if (action === "drop-before" || action === "hang") this.#forsake(exchange, action);
      else {
        if (exchange.body) this.faults.refuse(exchange.body, seen.path);
        await this.#route(exchange, fault);
      }
    } catch (error) {
      exchange.fail(error, this.#profile);
    }
  }

  async #route(exchange: Exchange, fault: Fault | undefined): Promise<void> {
    const { path, method, authorization } = exchange.seen;
    const { newest = "v3" } = this.#options;
    const isHello = method === "GET" && /^\/(v2|v3|health|version)$/.test(path) && path <= `/${newest}`;
    if (isHello) {
      const hello = path === "/health" ? "" : "Hello, this is HTTP API v2 (Hrana over HTTP)";
      return exchange.answer(200, hello, "text/plain");
    }
    const [, version = "v9", endpoint] = /^\/(?:(v[23])\/(pipeline)|(v3)\/(cursor))$/.exec(path)?.filter(Boolean) ?? [];
    if (version > newest) return exchange.answer(404, "");
    if (method !== "POST") return exchange.answer(405, "");
    const asker: Asker = { permission: this.#authenticate(authorization), version: version === "v2" ? 2 : 3 };
    if (exchange.body === undefined) throw new ProtocolFailure("Could not deserialize client message");
    if (endpoint === "cursor") await this.#runCursor(exchange, exchange.body, asker, fault);
    else await this.#runPipeline(exchange, exchange.body, asker, fault);
  }

  async #runPipeline(
    exchange: Exchange,
    { requests, baton: given }: WireBody,
    asker: Asker,
    fault: Fault | undefined,
  ): Promise<void> {
    if (requests === undefined) throw new ProtocolFailure("Could not deserialize client message");
    const close = requests.findIndex(({ type }) => type === "close");
    const isLast = close < 0 || close === requests.length - 1;
    if (this.#profile.wantsCloseLast && !isLast) throw new HttpFailure(400, "close must be the last request");
    const stream = await this.#streams.take(given);
    let results: unknown[];
    try {
      results = await this.#pipeline.run(stream, requests, asker);
    } catch (error) {
      this.#streams.destroy(stream);
      throw error;
    }
    const { action } = fault ?? {};
    if (action === "no-baton") stream.close();
    const baton = this.#streams.release(stream);
    await this.#delay();
    const base_url = (action === "base-url" ? fault!.baseUrl : this.#options.baseUrl) ?? null;
    const text = JSON.stringify({ baton, base_url, results });
    if (action === "drop-after" || action === "hang-after") this.#forsake(exchange, action);
    else exchange.answer(200, action === "truncate" ? text.slice(0, text.length / 2) : text);
  }

  async #runCursor(
    exchange: Exchange,
    { batch, baton: given }: WireBody,
    asker: Asker,
    fault: Fault | undefined,
  ): Promise<void> {
    if (batch === undefined) throw new ProtocolFailure("Could not deserialize client message");
    const stream = await this.#streams.take(given);
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
    exchange.begin();
    // The baton is out before the batch has run.
    await exchange.line({ baton: this.#streams.release(stream), base_url: this.#options.baseUrl ?? null });
    try {
      let count = 0;
      for await (const entry of this.#batches.entries(stream, batch, asker)) {
        if ((fault?.action === "truncate" && ++count > 3) || !(await exchange.line(entry))) break;
      }
    } finally {
      end();
    }
    await this.#delay();
    exchange.end();
  }

  #authenticate(authorization: string | undefined): Asker["permission"] {
    const { tokens } = this.#options;
    if (tokens === undefined) return "full";
    const permission = tokens[authorization?.replace(/^Bearer /, "") ?? ""];
    if (permission === undefined) throw new HttpFailure(401, "Unauthorized: `The JWT is invalid`");
    return permission;
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
