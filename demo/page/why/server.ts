// A database server of this page: real SQLite, several connections, each with its own transaction, and a network in between that is
// slow, loses answers, or breaks when one wants it to.

import { type SqlJsStatic, sqlJs } from "../../../src/adapters/sql-js/index.ts";
import type { DriverConnection, Flight, StepOutcome } from "../../../src/adapters/kit/index.ts";
import { DbError } from "../../../src/index.ts";

/** One round trip, as it was: for the picture of one order. */
export interface RoundTrip {
  readonly from: number;
  readonly to: number;
  readonly statements: readonly string[];
}

export interface Faults {
  /** Breaks one connection in the middle of its transaction. */
  kill: number;
  /** Does a COMMIT, and loses its answer. */
  loseCommit: number;
}

let numbers = 0;

export class ShopServer {
  readonly #factory;
  readonly #url = `sqljs:why-${++numbers}`;
  readonly #connections = new Set<ServerConnection>();
  /** The server's own, for setting up and looking: no network, and not counted. */
  #own!: DriverConnection;
  #isDown = false;
  /** Settles when it answers. */
  up: Promise<void> = Promise.resolve();
  readonly faults: Faults = { kill: 0, loseCommit: 0 };
  /** There and back, in milliseconds. */
  latencyMs = 20;
  roundTrips: RoundTrip[] = [];

  private constructor(engine: SqlJsStatic) {
    this.#factory = sqlJs({ sqlJs: engine });
  }

  static async start(engine: SqlJsStatic): Promise<ShopServer> {
    const server = new ShopServer(engine);
    server.#own = await server.#dial();
    return server;
  }

  /** Connections that are in the middle of a transaction: nobody else can use them. */
  get inTransaction(): number {
    return [...this.#connections].filter(({ isInTransaction }) => isInTransaction).length;
  }

  get open(): number {
    return this.#connections.size;
  }

  /** Runs a statement here, for those who run the server. */
  async ask(text: string, params: readonly (string | number)[] = []): Promise<readonly (readonly unknown[])[]> {
    const [outcome] = await this.#own.send(flightOf(text, params));
    return rowsOf(outcome as StepOutcome);
  }

  /** @throws DbError `CONNECT_FAILED` while it is down. */
  async connect(): Promise<ServerConnection> {
    await this.travel();
    if (this.#isDown)
      throw new DbError("CONNECT_FAILED", "the server is down", { adapter: "shop" }, { retryable: true });
    const connection = new ServerConnection(this, await this.#dial(), () => this.#connections.delete(connection));
    this.#connections.add(connection);
    await this.travel();
    return connection;
  }

  /** Stops it, with all that is open, and starts it again. */
  async restart(downMs: number): Promise<void> {
    this.#isDown = true;
    this.up = this.#rise(downMs);
    await this.up;
  }

  async #rise(downMs: number): Promise<void> {
    await this.closeAll();
    await new Promise((resolve) => setTimeout(resolve, downMs));
    this.#isDown = false;
  }

  /** What is open is rolled back. */
  async closeAll(): Promise<void> {
    await Promise.all([...this.#connections].map((connection) => connection.break()));
  }

  /** One way through the network. */
  async travel(): Promise<void> {
    if (this.latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, this.latencyMs / 2));
  }

  async #dial(): Promise<DriverConnection> {
    const adapter = this.#factory.create({ url: this.#url, folder: "" });
    return adapter.open({ url: this.#url, signal: new AbortController().signal });
  }
}

/** One client's connection, as the server has it. */
export class ServerConnection {
  readonly #server: ShopServer;
  readonly #connection: DriverConnection;
  readonly #onEnd: () => void;
  #isBroken = false;

  constructor(server: ShopServer, connection: DriverConnection, onEnd: () => void) {
    this.#server = server;
    this.#connection = connection;
    this.#onEnd = onEnd;
  }

  get isBroken(): boolean {
    return this.#isBroken;
  }

  get isInTransaction(): boolean {
    return !this.#isBroken && this.#connection.state === "transaction";
  }

  get isReusable(): boolean {
    return !this.#isBroken && this.#connection.isReusable;
  }

  /**
   * One round trip: all of a flight's steps travel together.
   *
   * @throws DbError `CONNECTION_LOST`: whether it was done is not known, unless it was broken before.
   */
  async send(flight: Flight): Promise<StepOutcome[]> {
    if (this.#isBroken) throw lost("not-executed");
    const server = this.#server;
    const from = performance.now();
    await server.travel();
    if (this.#isBroken) throw lost("unknown");
    const isCommit = hasCommit(flight);
    if (server.faults.kill > 0 && !isCommit && this.isInTransaction) return this.#strike("kill");
    const outcomes = await this.#connection.send(flight);
    if (server.faults.loseCommit > 0 && isCommit && outcomes.at(-1)?.status === "done")
      return this.#strike("loseCommit");
    await server.travel();
    server.roundTrips.push({ from, to: performance.now(), statements: flight.steps.map(textOf) });
    if (this.#isBroken) throw lost("unknown");
    return outcomes;
  }

  /** The network or the server ends it: what was open in it is rolled back. */
  async break(): Promise<void> {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#onEnd();
    await this.#connection.close();
  }

  async #strike(fault: keyof Faults): Promise<never> {
    this.#server.faults[fault]--;
    await this.break();
    throw lost("unknown");
  }
}

function lost(outcome: "unknown" | "not-executed"): DbError {
  return new DbError("CONNECTION_LOST", "the connection was lost", { adapter: "shop" }, { outcome });
}

function textOf(step: Flight["steps"][number]): string {
  return step.kind === "query" ? step.statement.text : step.kind;
}

function hasCommit({ steps }: Flight): boolean {
  return steps.some((step) => /^\s*commit\b/i.test(textOf(step)));
}

export function flightOf(text: string, params: readonly (string | number)[] = []): Flight {
  return { steps: [{ kind: "query", statement: { text, params: [...params] }, onError: "stop", guarded: false }] };
}

/** @throws what the statement failed with. */
export function rowsOf(outcome: StepOutcome): readonly (readonly unknown[])[] {
  if (outcome.status === "failed") throw outcome.error;
  return outcome.status === "done" ? outcome.result.rows : [];
}
