import { type DatabaseEvent, isDbError } from "../../index.ts";
import type { Attributes, HistogramLike, InstrumentLike, MeterLike } from "./api.ts";

/** A pool, as its events tell it. */
interface Known {
  /** State of each connection, and since when it is used. */
  readonly connections: Map<number, { state: "idle" | "used"; usedAt: number }>;
  /** The attributes of its metrics, and of those by state: made once, as they are needed several times a session. */
  readonly named: Attributes;
  readonly idle: Attributes;
  readonly used: Attributes;
}

type Event<Type extends DatabaseEvent["type"]> = Extract<DatabaseEvent, { type: Type }>;

const LONG = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/** The metrics of pools. Two databases of one pool report the same events: each changes the counts once. */
export class Connections {
  readonly #pools: Map<string, Known> = new Map();
  /** Sessions that wait for a connection, and the pool: a session waits in one at a time. */
  readonly #waiting: Map<number, Known> = new Map();
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
    const { connections, named, idle } = this.#of(pool);
    if (connections.has(connection)) return;
    connections.set(connection, { state: "idle", usedAt: 0 });
    this.#count.add(1, idle);
    this.#create.record(durationMs / 1000, named);
  }

  wait({ pool, owner }: Event<"wait">): void {
    if (!owner || this.#waiting.has(owner.id)) return;
    const known = this.#of(pool);
    this.#waiting.set(owner.id, known);
    this.#pending.add(1, known.named);
  }

  acquire({ pool, connection, owner, waitedMs, at }: Event<"acquire">): void {
    const { connections, named, idle, used } = this.#of(pool);
    if (owner) this.#leave(owner.id);
    const known = connections.get(connection);
    if (known?.state === "used") return;
    // One that was opened before anybody listened has been counted nowhere.
    if (known) this.#count.add(-1, idle);
    connections.set(connection, { state: "used", usedAt: at });
    this.#count.add(1, used);
    this.#wait.record(waitedMs / 1000, named);
  }

  release({ pool, connection, at }: Event<"release">): void {
    const { connections, named, idle, used } = this.#of(pool);
    const known = connections.get(connection);
    if (known?.state !== "used") return;
    known.state = "idle";
    this.#count.add(-1, used);
    this.#count.add(1, idle);
    this.#use.record((at - known.usedAt) / 1000, named);
  }

  close({ pool, connection }: Event<"close">): void {
    const pooled = this.#of(pool);
    const known = pooled.connections.get(connection);
    if (!known) return;
    pooled.connections.delete(connection);
    this.#count.add(-1, pooled[known.state]);
  }

  end({ session, error }: Event<"end">): void {
    const known = this.#leave(session);
    if (known && isDbError(error, "POOL_TIMEOUT")) this.#timeouts.add(1, known.named);
  }

  /** @returns where it has waited. */
  #leave(session: number): Known | undefined {
    const known = this.#waiting.get(session);
    if (!known) return undefined;
    this.#waiting.delete(session);
    this.#pending.add(-1, known.named);
    return known;
  }

  #of(pool: string): Known {
    let known = this.#pools.get(pool);
    if (!known) {
      const named = { "db.client.connection.pool.name": pool };
      const by = (state: string): Attributes => ({ ...named, "db.client.connection.state": state });
      this.#pools.set(pool, (known = { connections: new Map(), named, idle: by("idle"), used: by("used") }));
    }
    return known;
  }
}
