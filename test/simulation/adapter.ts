// The adapter of a simulated database: opens connections at once, later, never, or not at all.

import type {
  Adapter,
  AdapterFactory,
  Capabilities,
  DriverConnection,
  OpenOptions,
} from "../../src/contract/adapter.ts";
import { SimConnection } from "./connection.ts";
import { Server, ServerEnd, type ServerOptions } from "./server.ts";
import type { Ledger } from "./ledger.ts";
import { type Patience, wait } from "./wait.ts";
import type { World } from "./world.ts";

export interface SimAdapterOptions extends ServerOptions {
  readonly tellsDeath: boolean;
  /** Has `renew()`: what a session leaves behind is reset for the next. */
  readonly renews: boolean;
  /** How many statements of its own it sets up. */
  readonly ownSetup: number;
  readonly userSetup: number;
  /** Share of flights whose answer is lost. */
  readonly losses: number;
  /** Shares of answers that come at once, and after microtasks; the rest takes time. */
  readonly now: number;
  readonly soon: number;
  /** How long an answer takes that does not come. */
  readonly longMs: number;
  readonly affinity: Capabilities["affinity"];
  /** Who is asking, where requests are told apart. */
  readonly request?: () => unknown;
  /** Where it sits between the library and this: for planted faults. */
  readonly wrap?: (connection: DriverConnection) => DriverConnection;
}

export class SimAdapter {
  readonly world: World;
  readonly server: Server;
  readonly options: SimAdapterOptions;
  readonly number: number;
  readonly connections: SimConnection[] = [];
  /** Opens that are under way, and not given up. */
  opening = 0;
  disposals = 0;
  #opens = 0;
  readonly factory: AdapterFactory;

  constructor(world: World, ledger: Ledger, number: number, options: SimAdapterOptions) {
    this.world = world;
    this.number = number;
    this.options = options;
    this.server = new Server(world, ledger, options);
    const adapter: Adapter = {
      name: "sim",
      key: `sim:${number}`,
      capabilities: {
        dialect: options.dialect,
        affinity: options.affinity,
        transactions: "interactive",
        savepoints: true,
        streaming: true,
        maxConnections: 100,
        placeholder: "?",
        isolationLevels: ["serializable"],
        tellsDeath: options.tellsDeath,
      },
      readsAs: (text) => (!text.startsWith("r ") ? undefined : Number(text.slice(2)) % 7 === 0 ? "alone" : "shared"),
      open: (given) => this.#open(given),
      dispose: () => {
        this.disposals++;
      },
    };
    this.factory = { schemes: ["sim"], identity: [this], create: () => adapter };
  }

  /** When an answer comes, by the key of what was asked. A few take so long that only a deadline ends the wait. */
  patience(a: number, b: number, c = 0, never = "no answer"): Patience {
    const { now, soon, losses } = this.options;
    const dice = this.world.draw(a, b, c + 500);
    if (dice < now) return { kind: "now", count: 0 };
    const size = this.world.draw(a, b, c + 501);
    if (dice < now + soon) return { kind: "hops", count: 1 + Math.floor(size * 6) };
    const isLong = losses > 0 && this.world.happens(losses / 2, never, a, b, c + 502);
    return { kind: "time", count: isLong ? this.options.longMs : Math.floor(size * size * 40) };
  }

  /** Connections that are open, as far as the server knows, and not somebody's own. */
  get live(): number {
    return this.connections.filter(({ closes, end, isStray }) => closes === 0 && !end.isPrivate && !isStray).length;
  }

  /** A request was cut off: what it has begun to open never comes. */
  forget(request: unknown): void {
    this.world.note(() => `what request ${String(request)} opens never comes`);
  }

  #open({ signal }: OpenOptions): DriverConnection | Promise<DriverConnection> {
    const { world, options } = this;
    // Given up before it has begun.
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    const key = ++this.#opens;
    world.note(() => `open ${key} begins`);
    const patience = this.patience(21, key);
    if (patience.kind === "now") return this.#answer(key, signal);
    this.opening++;
    let isCounted = true;
    const uncount = (): void => {
      if (isCounted) this.opening--;
      isCounted = false;
    };
    signal.addEventListener("abort", uncount, { once: true });
    // Some drivers do not heed the signal: what they open too late is to be closed.
    const heeded = world.draw(22, key) < 0.7 || patience.count === options.longMs ? signal : undefined;
    return wait(world.time, patience, heeded).then((isDone) => {
      uncount();
      if (!isDone) throw signal.reason;
      return this.#answer(key, signal);
    });
  }

  #answer(key: number, signal: AbortSignal): DriverConnection {
    const { world, options } = this;
    if (world.happens(options.losses, "open fails", 23, key)) {
      const { DbError } = world.lib;
      const isHopeless = world.draw(24, key) < 0.2;
      world.note(() => `open fails${isHopeless ? ", for good" : ""}`);
      throw isHopeless
        ? new DbError("AUTH_FAILED", "refused", { adapter: "sim" })
        : new DbError("CONNECT_FAILED", "down", { adapter: "sim" }, { retryable: true });
    }
    const number = this.connections.length + 1;
    const own = Array.from({ length: options.ownSetup }, (_, at) => ({ text: `setup own ${at}` }));
    const user = Array.from({ length: options.userSetup }, (_, at) => `setup user ${at}`);
    const wanted = [...own.map(({ text }) => text), ...user];
    const connection = new SimConnection(this, number, new ServerEnd(this.server, number, wanted), own);
    connection.isStray = signal.aborted;
    connection.lastRequest = options.request?.();
    this.connections.push(connection);
    world.note(() => `c${number} is open`);
    return options.wrap?.(connection) ?? connection;
  }
}
