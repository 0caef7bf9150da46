import { type DatabaseEvent, isDbError } from "../../index.ts";
import type { HistogramLike, InstrumentLike, MeterLike } from "./api.ts";

/** A pool, as its events tell it. */
interface Known {
  /** State of each connection, and since when it is used. */
  readonly connections: Map<number, { state: "idle" | "used"; usedAt: number }>;
  /** Sessions that wait for one. */
  readonly waiting: Set<number>;
}

type Event<Type extends DatabaseEvent["type"]> = Extract<DatabaseEvent, { type: Type }>;

const LONG = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/** The metrics of pools. Two databases of one pool report the same events: each changes the counts once. */
export class Connections {
  readonly #pools: Map<string, Known> = new Map();
  readonly #count: InstrumentLike;
  readonly #pending: InstrumentLike;
  readonly #timeouts: InstrumentLike;
  readonly #create: HistogramLike;
  readonly #wait: HistogramLike;
  readonly #use: HistogramLike;

  constructor(meter: MeterLike) {
    const name = (what: string): string => `db.client.connection.${what}`;
    const histogram = (what: string, description: string): HistogramLike =>
      meter.createHistogram(name(what), { description, unit: "s", advice: { explicitBucketBoundaries: LONG } });
    this.#count = meter.createUpDownCounter(name("count"), {
      description: "Connections by state",
      unit: "{connection}",
    });
    this.#pending = meter.createUpDownCounter(name("pending_requests"), {
      description: "Sessions that wait for a connection",
      unit: "{request}",
    });
    this.#timeouts = meter.createCounter(name("timeouts"), {
      description: "Sessions that ended because no connection became free in time",
      unit: "{timeout}",
    });
    this.#create = histogram("create_time", "Time to open a connection");
    this.#wait = histogram("wait_time", "Time that a session waited for a connection");
    this.#use = histogram("use_time", "Time that a session held a connection");
  }

  open({ pool, connection, durationMs }: Event<"open">): void {
    const { connections } = this.#of(pool);
    if (connections.has(connection)) return;
    connections.set(connection, { state: "idle", usedAt: 0 });
    this.#add(pool, "idle", 1);
    this.#create.record(durationMs / 1000, named(pool));
  }

  wait({ pool, owner }: Event<"wait">): void {
    const { waiting } = this.#of(pool);
    if (!owner || waiting.has(owner.id)) return;
    waiting.add(owner.id);
    this.#pending.add(1, named(pool));
  }

  acquire({ pool, connection, owner, waitedMs, at }: Event<"acquire">): void {
    const { connections } = this.#of(pool);
    if (owner) this.#leave(pool, owner.id);
    const known = connections.get(connection);
    if (known?.state === "used") return;
    // One that was opened before anybody listened has been counted nowhere.
    if (known) this.#add(pool, "idle", -1);
    connections.set(connection, { state: "used", usedAt: at });
    this.#add(pool, "used", 1);
    this.#wait.record(waitedMs / 1000, named(pool));
  }

  release({ pool, connection, at }: Event<"release">): void {
    const known = this.#of(pool).connections.get(connection);
    if (known?.state !== "used") return;
    known.state = "idle";
    this.#add(pool, "used", -1);
    this.#add(pool, "idle", 1);
    this.#use.record((at - known.usedAt) / 1000, named(pool));
  }

  close({ pool, connection }: Event<"close">): void {
    const { connections } = this.#of(pool);
    const known = connections.get(connection);
    if (!known) return;
    connections.delete(connection);
    this.#add(pool, known.state, -1);
  }

  end({ session, error }: Event<"end">): void {
    for (const pool of this.#pools.keys()) {
      if (!this.#leave(pool, session)) continue;
      if (isDbError(error, "POOL_TIMEOUT")) this.#timeouts.add(1, named(pool));
    }
  }

  #leave(pool: string, session: number): boolean {
    const wasWaiting = this.#of(pool).waiting.delete(session);
    if (wasWaiting) this.#pending.add(-1, named(pool));
    return wasWaiting;
  }

  #add(pool: string, state: "idle" | "used", by: number): void {
    this.#count.add(by, { ...named(pool), "db.client.connection.state": state });
  }

  #of(pool: string): Known {
    let known = this.#pools.get(pool);
    if (!known) this.#pools.set(pool, (known = { connections: new Map(), waiting: new Set() }));
    return known;
  }
}

function named(pool: string): { "db.client.connection.pool.name": string } {
  return { "db.client.connection.pool.name": pool };
}
