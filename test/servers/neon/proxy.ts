import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSocketServer } from "node:net";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { type Backend, cancelBackend } from "./backend.ts";
import { Backends } from "./backends.ts";
import { Exchange } from "./exchange.ts";
import { toAnswer } from "./failures.ts";
import { Faults } from "./faults.ts";
import type { Counts, Fault, Kill, NeonServerOptions, OpenTunnel, SeenRequest } from "./options.ts";
import type { Postgres } from "./postgres.ts";
import { isEndpoint, parsePayload, SqlOverHttp } from "./sql-over-http.ts";
import type { CancelKey } from "./startup.ts";
import { overSocket, overWebSocket } from "./tunnel-clients.ts";
import { Tunnel, type TunnelClient, type TunnelHost } from "./tunnel.ts";

/** What stands in front of PostgreSQL at Neon: `POST /sql`, and WebSockets that carry PostgreSQL's own protocol. */
export class Proxy {
  readonly faults: Faults = new Faults();
  readonly #options: NeonServerOptions;
  readonly #backends: Backends;
  readonly #sql: SqlOverHttp;
  readonly #plain = createSocketServer({ noDelay: true }, (socket) =>
    this.#tunnel(++this.#counts.tunnelsOpened, "/", overSocket(socket), true),
  );
  /** Where WebSockets lead, and sockets. */
  readonly #behind: Postgres;
  readonly #http = createServer((request, response) => void this.#serve(request, response));
  readonly #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  readonly #tunnels = new Set<Tunnel>();
  /** Those of them with a session at PostgreSQL. */
  readonly #sessions = new Set<Tunnel>();
  readonly #keys = new Map<string, CancelKey>();
  readonly #hanging = new Set<Duplex>();
  #counts = { tunnelsOpened: 0, peakSockets: 0, peakTunnels: 0 };
  #open = 0;
  #seen: SeenRequest[] = [];

  constructor(postgres: Postgres, behind: Postgres, options: NeonServerOptions) {
    this.#behind = behind;
    this.#options = options;
    // A test that waits must not find its connection closed when it goes on.
    this.#http.keepAliveTimeout = 600_000;
    this.#backends = new Backends(postgres, options.maxIdleBackends ?? 20);
    this.#sql = new SqlOverHttp(this.#backends, options);
    this.#http.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    this.#http.on("connection", (socket) => {
      this.#counts.peakSockets = Math.max(this.#counts.peakSockets, ++this.#open);
      socket.on("close", () => this.#open--);
    });
  }

  /** Listens on 127.0.0.1; gives the port. */
  async listen(port: number): Promise<number> {
    this.#http.listen(port, "127.0.0.1");
    await once(this.#http, "listening");
    return (this.#http.address() as AddressInfo).port;
  }

  /** The same for PostgreSQL's own protocol over TCP. */
  async listenPlain(): Promise<number> {
    this.#plain.listen(0, "127.0.0.1");
    await once(this.#plain, "listening");
    return (this.#plain.address() as AddressInfo).port;
  }

  /** Everything since the start, or since `forgetRequests()`, in order of its coming; preflights of browsers are left out. */
  get requests(): readonly SeenRequest[] {
    return this.#seen;
  }

  get counts(): Counts {
    const flights = this.#seen.filter(({ isFlight }) => isFlight).length;
    return { ...this.#counts, flights, backendsOpened: this.#backends.opened };
  }

  get tunnels(): OpenTunnel[] {
    return [...this.#tunnels].map((tunnel) => tunnel.report());
  }

  /** Connections of `POST /sql` that wait for their next borrower. */
  get idlePids(): number[] {
    return this.#backends.idlePids;
  }

  forgetRequests(): void {
    this.#seen = [];
    this.#counts = { tunnelsOpened: 0, peakSockets: this.#open, peakTunnels: this.#sessions.size };
    this.#backends.opened = 0;
  }

  /** @returns how many were cut. */
  kill(kill: Kill): number {
    const meant = [...this.#tunnels].filter((tunnel) => tunnel.isMeant(kill));
    for (const tunnel of meant) tunnel.kill(kill);
    if (kill.which === "hung") this.#cutHung();
    return meant.length;
  }

  #cutHung(): void {
    for (const socket of this.#hanging) socket.destroy();
    this.#hanging.clear();
  }

  async stop(): Promise<void> {
    for (const tunnel of this.#tunnels) tunnel.kill();
    this.#cutHung();
    this.#backends.close();
    this.#plain.close();
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, "close");
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange = new Exchange(request, response);
    if (request.url?.split("?")[0] !== "/sql") return void response.writeHead(404).end();
    if (request.method === "OPTIONS") return exchange.answerPreflight();
    if (request.method !== "POST") return void response.writeHead(400).end();
    this.#seen.push(exchange.seen);
    try {
      await this.#run(exchange);
    } catch (error) {
      const { status, body } = toAnswer(error);
      exchange.answer(status, body);
    }
  }

  async #run(exchange: Exchange): Promise<void> {
    const { seen } = exchange;
    const { maxRequestBytes = 64 * 2 ** 20 } = this.#options;
    let [backend, hasLeft]: [Backend | undefined, boolean] = [undefined, false];
    const text = await exchange.read(maxRequestBytes);
    const payload = parsePayload(text);
    seen.isBatch = payload.isBatch;
    seen.sql = payload.queries.map(({ query }) => query);
    seen.params = payload.queries.map(({ params }) => params);
    const fault = this.faults.take({ on: "http", sql: seen.sql, messages: "" });
    if (fault?.action.startsWith("hang")) this.#hanging.add(exchange.socket);
    if (isBefore(exchange, fault)) return;
    // Whoever hangs up has his query cancelled.
    exchange.onLeave(() => {
      hasLeft = true;
      backend?.cancel();
    });
    const onStart = (started: Backend): void => void (backend = started);
    const queries = payload.queries.map((each) => ({ ...each, query: this.faults.textFor(each.query) }));
    const asked = { headers: seen.headers, payload: { ...payload, queries }, onStart, hasLeft: () => hasLeft };
    const { body, headers } = await this.#sql.answer(asked);
    backend = undefined;
    const { action } = fault ?? {};
    if (action === "drop-after" || action === "hang-after") exchange.forsake(action, action === "drop-after");
    else if (action === "truncate") exchange.truncate(body);
    else exchange.answer(200, body, headers);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { url: path = "/", headers } = request;
    const number = ++this.#counts.tunnelsOpened;
    const fault = this.faults.take({ on: "upgrade", sql: [], messages: "" });
    const status = fault === undefined ? 101 : fault.action === "status" ? (fault.status ?? 503) : fault.action;
    const seen = { tunnel: number, sql: [], params: [], messages: "", isBatch: false, path, status, isFlight: true };
    this.#seen.push({ via: "upgrade", ...seen, headers: headers as Record<string, string> });
    socket.on("error", () => {});
    if (fault === undefined)
      this.#sockets.handleUpgrade(request, socket, head, (client) =>
        this.#tunnel(number, path, overWebSocket(client), false),
      );
    else if (fault.action === "hang") this.#hanging.add(socket);
    else if (fault.action === "status") {
      const body = fault.body ?? "";
      const answer = `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`;
      socket.end(`HTTP/1.1 ${status} Refused\r\n${answer}`);
    } else socket.destroy();
  }

  #tunnel(number: number, path: string, client: TunnelClient, isPlain: boolean): void {
    const host: TunnelHost = {
      postgres: this.#behind,
      isPlain,
      faults: this.faults,
      knows: (name) => name === undefined || isEndpoint(name, this.#options.endpoints),
      log: (seen) => void this.#seen.push(seen),
      onKey: (told, key) => void this.#keys.set(told, key),
      onStart: (tunnel) => {
        this.#sessions.add(tunnel);
        this.#counts.peakTunnels = Math.max(this.#counts.peakTunnels, this.#sessions.size);
      },
      cancel: (key, onClose) => this.#cancel(key, isPlain, onClose),
      onClose: (tunnel) => {
        this.#tunnels.delete(tunnel);
        this.#sessions.delete(tunnel);
      },
    };
    this.#tunnels.add(new Tunnel(number, path, client, host));
  }

  #cancel(told: Buffer, isPlain: boolean, onClose: () => void): void {
    const own = { pid: told.subarray(0, 4), secret: told.subarray(4) };
    const key = isPlain ? own : this.#keys.get(told.toString("hex"));
    const { port } = this.#behind;
    if (key === undefined) onClose();
    else cancelBackend({ host: "127.0.0.1", port }, key.pid, key.secret, onClose);
  }
}

/** Whether the fault left nothing to be done. */
function isBefore(exchange: Exchange, fault: Fault | undefined): boolean {
  const { action } = fault ?? {};
  if (action === "status") {
    const { status = 500, body = "", contentType = "application/json" } = fault!;
    exchange.answer(status, body, { "content-type": contentType });
  } else if (action === "drop-before" || action === "hang") exchange.forsake(action, action === "drop-before");
  else return false;
  return true;
}
