import { once } from "node:events";
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { startSqld } from "../sqld.ts";
import { Exchange } from "./exchange.ts";
import { Faults } from "./faults.ts";
import type { Counts, Fault, LibsqlServerOptions, OpenStream, SeenRequest } from "./options.ts";

type Namespaces = Awaited<ReturnType<typeof startSqld>>;

/** One sqld for all servers of this process; each has a namespace of it. */
let sqld: Promise<Namespaces> | undefined;
let namespaces = 0;

/** Ends the sqld of this process, if there is one. */
export async function stopSqld(): Promise<void> {
  await (await sqld)?.stop();
}

/**
 * A namespace of a real sqld, seen as our own server is: a proxy in front of it counts its requests, follows its streams by their
 * batons, and does to requests and answers what the faults say. What runs and what is answered is sqld's.
 */
export class SqldServer {
  readonly faults: Faults = new Faults();
  /** Requests that are never answered, by a fault. */
  readonly #hung = new Set<Exchange>();
  readonly #options: LibsqlServerOptions;
  readonly #namespace = `shop${++namespaces}`;
  /** Streams by the baton that is good for their next request. */
  readonly #streams = new Map<string, number>();
  readonly #http = createServer((incoming, response) => void this.#serve(new Exchange(incoming, response)));
  #seen: SeenRequest[] = [];
  #counts = { streamsOpened: 0, streamsExpired: 0, mostOpen: 0 };

  constructor(options: LibsqlServerOptions) {
    const { profile = "sqld", program: _, port: __, ...others } = options;
    if (profile !== "sqld" || Object.keys(others).length > 0)
      throw new Error(`a real sqld cannot be told ${JSON.stringify(options)}`);
    this.#options = options;
  }

  async listen(): Promise<string> {
    sqld ??= startSqld({ program: this.#options.program, hasNamespaces: true });
    const { adminUrl } = await sqld;
    const created = await fetch(`${adminUrl}/v1/namespaces/${this.#namespace}/create`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    if (!created.ok) throw new Error(`sqld made no namespace: ${await created.text()}`);
    this.#http.listen(this.#options.port ?? 0, "127.0.0.1");
    await once(this.#http, "listening");
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  get requests(): readonly SeenRequest[] {
    return this.#seen;
  }

  get counts(): Counts {
    return { ...this.#counts, forcedRollbacks: 0, waiting: 0 };
  }

  open(): OpenStream[] {
    return [...this.#streams.values()].map((number) => ({ number, isInTransaction: false, isWriter: false }));
  }

  /** Hangs up on those who wait for what never comes. */
  cutHung(): void {
    for (const exchange of this.#hung) exchange.forsake("cut", true);
    this.#hung.clear();
  }

  forgetRequests(): void {
    this.#seen = [];
  }

  /** Closes every stream behind its client's back; sqld answers its baton as one that it does not know. */
  async expireStreams(): Promise<void> {
    const batons = [...this.#streams.keys()];
    this.#streams.clear();
    this.#counts.streamsExpired += batons.length;
    const close = [{ type: "close" }];
    await Promise.all(batons.map((baton) => this.#ask("POST", "/v3/pipeline", { baton, requests: close }).then(read)));
  }

  async forgetStreams(): Promise<void> {
    await this.expireStreams();
  }

  async stop(): Promise<void> {
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, "close");
    await this.expireStreams();
    const { adminUrl } = await sqld!;
    await fetch(`${adminUrl}/v1/namespaces/${this.#namespace}`, { method: "DELETE" });
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
      const fault = this.faults.take(seen);
      const { action } = fault ?? {};
      if (action === "status")
        exchange.answer(fault!.status ?? 500, fault!.body ?? "", fault!.contentType ?? "text/plain");
      else if (action === "drop-before" || action === "hang") this.#forsake(exchange, action);
      else {
        if (exchange.body) this.faults.refuse(exchange.body, seen.path);
        await this.#forward(exchange, fault);
      }
    } catch (error) {
      exchange.answer(599, { error: `the proxy in front of sqld failed: ${String(error)}` });
    }
  }

  async #forward(exchange: Exchange, fault: Fault | undefined): Promise<void> {
    const { path, method, authorization } = exchange.seen;
    const given = exchange.body?.baton ?? undefined;
    const stream = given === undefined ? undefined : this.#streams.get(given);
    if (given !== undefined) this.#streams.delete(given);
    const answer = await this.#ask(method, path, exchange.body, authorization);
    const { statusCode: status = 0, headers } = answer;
    const isCursor = path.endsWith("/cursor");
    if (isCursor && status === 200) return this.#streamOn(exchange, answer, stream, fault);
    const text = await read(answer);
    if (status !== 200 || method !== "POST") return exchange.answer(status, text, headers["content-type"]);
    const body = JSON.parse(text) as { baton: string | null; base_url: string | null };
    this.#follow(body.baton, stream);
    const { action } = fault ?? {};
    if (action === "no-baton") {
      await this.expireStreams();
      body.baton = null;
    } else if (action === "base-url") body.base_url = fault!.baseUrl ?? null;
    else if (action === "drop-after" || action === "hang-after") return this.#forsake(exchange, action);
    const told = action === "no-baton" || action === "base-url" ? JSON.stringify(body) : text;
    exchange.answer(200, action === "truncate" ? told.slice(0, told.length / 2) : told, headers["content-type"]);
  }

  async #streamOn(
    exchange: Exchange,
    answer: IncomingMessage,
    stream: number | undefined,
    fault: Fault | undefined,
  ): Promise<void> {
    exchange.begin();
    let left = "";
    let lines = 0;
    for await (const chunk of answer.setEncoding("utf8")) {
      const parts = (left + String(chunk)).split("\n");
      left = parts.pop()!;
      for (const line of parts.filter(Boolean)) {
        const value = JSON.parse(line) as { baton?: string | null };
        if (lines === 0) this.#follow(value.baton ?? null, stream);
        if ((fault?.action === "truncate" && ++lines > 4) || !(await exchange.line(value))) return exchange.end();
        lines = Math.max(lines, 1);
      }
    }
    exchange.end();
  }

  #follow(baton: string | null, stream: number | undefined): void {
    const number = stream ?? ++this.#counts.streamsOpened;
    if (baton !== null) this.#streams.set(baton, number);
    this.#counts.mostOpen = Math.max(this.#counts.mostOpen, this.#streams.size);
  }

  async #ask(method: string, path: string, body: unknown, authorization?: string): Promise<IncomingMessage> {
    const { port } = new URL((await sqld!).url);
    const headers = {
      host: `${this.#namespace}.localhost`,
      "content-type": "application/json",
      ...(authorization !== undefined && { authorization }),
    };
    return new Promise((resolve, reject) => {
      const outgoing = request({ host: "127.0.0.1", port, method, path, headers }, resolve).on("error", reject);
      outgoing.end(method === "POST" ? JSON.stringify(body) : undefined);
    });
  }
}

async function read(answer: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of answer.setEncoding("utf8")) text += String(chunk);
  return text;
}
