import { ConnectionPool, type ConnectionPoolOptions, type PoolEvent, type PoolSource } from "../../src/pool/pool.ts";
import { FakeClock, settle } from "./fake-clock.ts";

export interface FakeConnection {
  readonly number: number;
  state: "open" | "closed";
}

/** What the next open does: a time in milliseconds, an error, or never to answer. */
export type FakeOpen = number | Error | "never" | "now";

/** A source of connections that keeps a log, and fails where it is told to. */
export class FakeSource implements PoolSource<FakeConnection> {
  /** `["open 1", "close 1", …]`. */
  readonly log: string[] = [];
  readonly connections: FakeConnection[] = [];
  readonly signals: AbortSignal[] = [];
  /** What opens do: one after another, then the last for ever. */
  opens: FakeOpen[] = ["now"];
  /** How a close ends. */
  closes: FakeOpen = "now";
  opensBegun = 0;
  validate?: NonNullable<PoolSource<FakeConnection>["validate"]>;
  isClosed?: NonNullable<PoolSource<FakeConnection>["isClosed"]>;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  get live(): number {
    return this.connections.filter(({ state }) => state === "open").length;
  }

  open({ signal }: { signal: AbortSignal }): FakeConnection | Promise<FakeConnection> {
    const how = this.opens.length > 1 ? this.opens.shift()! : this.opens[0]!;
    this.opensBegun++;
    this.signals.push(signal);
    if (how instanceof Error) {
      this.log.push("open fails");
      return Promise.reject(how);
    }
    const connect = (): FakeConnection => {
      const connection: FakeConnection = { number: this.connections.length + 1, state: "open" };
      this.connections.push(connection);
      this.log.push(`open ${connection.number}`);
      return connection;
    };
    if (how === "now") return connect();
    if (how === "never") return new Promise(() => undefined);
    return new Promise((resolve) => this.#clock.setTimeout(() => resolve(connect()), how));
  }

  close(connection: FakeConnection): void | Promise<void> {
    if (connection.state === "closed") throw new Error(`connection ${connection.number} is closed twice`);
    connection.state = "closed";
    this.log.push(`close ${connection.number}`);
    if (this.closes instanceof Error) throw this.closes;
    if (this.closes === "never") return new Promise(() => undefined);
    if (typeof this.closes === "number") {
      const ms = this.closes;
      return new Promise((resolve) => this.#clock.setTimeout(resolve, ms));
    }
  }
}

export interface FakePool {
  readonly pool: ConnectionPool<FakeConnection>;
  readonly source: FakeSource;
  readonly clock: FakeClock;
  readonly events: PoolEvent[];
}

/** A pool on a fake source and a fake clock. */
export function fakePool(options: ConnectionPoolOptions = {}, prepare?: (source: FakeSource) => void): FakePool {
  const clock = new FakeClock();
  const source = new FakeSource(clock);
  prepare?.(source);
  const events: PoolEvent[] = [];
  const pool = new ConnectionPool(source, {
    runtime: clock.runtime(),
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { pool, source, clock, events };
}

/** Nothing is left: no lease, no waiter, nothing that keeps the process alive; no connection and no timer after `dispose()`. */
export async function leftovers({
  pool,
  source,
  clock,
}: Pick<FakePool, "pool" | "source" | "clock">): Promise<unknown> {
  await settle();
  const { busy, waiting, opening } = pool.stats();
  const { timers } = clock;
  await pool.dispose();
  return { busy, waiting, opening, timers, live: source.live, timersAfter: clock.allTimers };
}

export const NOTHING_LEFT = { busy: 0, waiting: 0, opening: 0, timers: 0, live: 0, timersAfter: 0 };
