import type { CloseReason } from "../../contract/events.ts";
import type { Clock, Runtime } from "../../contract/runtime.ts";
import { DbError } from "../../errors.ts";
import type { AcquireOptions, Lease } from "../../pool/lease.ts";
import { type ConnectionPoolOptions, checkPoolOptions } from "../../pool/options.ts";
import { ConnectionPool } from "../../pool/pool.ts";
import type { Pool } from "../../pool/runtime.ts";
import type { PoolSource } from "../../pool/source.ts";
import { noneClosed, type PoolStats } from "../../pool/stats.ts";
import { LONGEST_DELAY_MS } from "./bounded-source.ts";
import { LONGEST_LEASE_MS } from "./loans.ts";
import { probe } from "./probe.ts";

/** Most connections of one request: the platform lets it wait for this many at a time. */
const MOST = 6;

/** A context that was silent for this many times `idleMs` is gone: otherwise it would have closed its own sockets. */
const SILENT_TIMES = 10;

const NOTHING = { open: 0, busy: 0, idle: 0, opening: 0, waiting: 0 };

type DisposeOptions = NonNullable<Parameters<Pool<unknown>["dispose"]>[0]>;

/** The pool of one I/O context. */
interface Here<C> {
  readonly pool: ConnectionPool<C>;
  readonly isMine: () => boolean;
  usedAt: number;
  timer: unknown;
  /** It keeps nothing any longer: idle connections are closed. */
  isLeft: boolean;
  isClosing: boolean;
}

/**
 * Lends sockets, which only the I/O context that opened them may touch: a request, or a Durable Object with all of its
 * requests. Each has its own pool, identified by a probe; nothing of another context is lent, closed, or touched.
 */
export class ContextPools<C> implements Pool<C> {
  readonly name: string;
  readonly #source: PoolSource<C>;
  readonly #options: ConnectionPoolOptions;
  readonly #clock: Clock;
  readonly #idleMs: number;
  /** The newest last. */
  readonly #all: Set<Here<C>> = new Set();
  /** The counts of pools that are gone. */
  #past: PoolStats;
  #isDisposed = false;

  constructor(source: PoolSource<C>, options: ConnectionPoolOptions & { readonly runtime: Runtime }) {
    const { runtime, name = "pool" } = options;
    const checked = checkPoolOptions(options, runtime.maxConnections);
    const max = Math.min(checked.max, MOST);
    this.name = name;
    this.#source = source;
    this.#options = { ...options, max };
    this.#clock = runtime.clock;
    this.#idleMs = checked.idleMs;
    this.#past = { max, ...NOTHING, opened: 0, waits: 0, waitedMs: 0, closed: noneClosed() };
  }

  async acquire(options?: AcquireOptions): Promise<Lease<C>> {
    const here = this.#here();
    // If it fails, a connection that is still opening may have no taker, and must not stay open.
    return here.pool.acquire(options).catch((error: unknown) => {
      this.#rest(here);
      throw error;
    });
  }

  tryAcquire(options?: AcquireOptions): Lease<C> | undefined {
    const here = this.#find();
    if (here) here.usedAt = this.#clock.now();
    return here?.pool.tryAcquire(options);
  }

  invalidate(): void {
    this.#find()?.pool.invalidate();
  }

  /** Of all contexts together; `max` is that of each. */
  stats(): PoolStats {
    return [...this.#all].reduce((sum, { pool }) => add(sum, pool.stats()), this.#past);
  }

  /** Closes this context's connections as soon as they are not in use. */
  async leave(): Promise<void> {
    const here = this.#find();
    if (!here) return;
    here.isLeft = true;
    here.pool.invalidate();
    if (isQuiet(here)) await this.#close(here);
  }

  /** Ends this context's pool. The others end by themselves: they cannot be reached from here. */
  async dispose(options?: DisposeOptions): Promise<void> {
    this.#isDisposed = true;
    const here = this.#find();
    if (here) await this.#close(here, options);
  }

  #find(): Here<C> | undefined {
    return [...this.#all].filter((here) => !here.isClosing && here.isMine()).at(-1);
  }

  #here(): Here<C> {
    if (this.#isDisposed)
      throw new DbError("POOL_CLOSED", `"${this.name}" was disposed. Make a new one.`, { pool: this.name });
    const here = this.#find() ?? this.#begin();
    here.usedAt = this.#clock.now();
    return here;
  }

  #begin(): Here<C> {
    const { onEvent } = this.#options;
    const pool = new ConnectionPool<C>(this.#source, {
      ...this.#options,
      onEvent: (event) => {
        onEvent?.(event);
        // Reported before it is done.
        if (/^(release|close|error)$/.test(event.type)) void Promise.resolve().then(() => this.#rest(here));
      },
    });
    const here: Here<C> = {
      pool,
      isMine: probe(),
      usedAt: 0,
      timer: undefined,
      isLeft: false,
      isClosing: false,
    };
    for (const each of this.#all) if (this.#isGone(each)) this.#strike(each);
    this.#all.add(here);
    return here;
  }

  #isGone(here: Here<C>): boolean {
    const silentMs = this.#clock.now() - here.usedAt;
    return silentMs >= SILENT_TIMES * this.#idleMs && (isQuiet(here) || silentMs >= LONGEST_LEASE_MS);
  }

  /**
   * Drops a context that has nothing left. Its own pool closes its sockets after they were idle: an open one keeps its context
   * alive, and that pool's timer with it.
   */
  #rest(here: Here<C>): void {
    this.#clock.clearTimeout(here.timer);
    if (here.isClosing || !isQuiet(here)) return;
    const { open, opening, opened } = here.pool.stats();
    if (here.isLeft || (open + opening === 0 && opened > 0)) void this.#close(here);
    // If no open has succeeded, its pool knows how long to wait before the next.
    else if (open + opening === 0 && this.#idleMs < Infinity)
      here.timer = this.#clock.setTimeout(
        () => isQuiet(here) && void this.#close(here),
        Math.min(this.#idleMs, LONGEST_DELAY_MS),
      );
  }

  async #close(here: Here<C>, options?: DisposeOptions): Promise<void> {
    here.isClosing = true;
    this.#clock.clearTimeout(here.timer);
    await here.pool.dispose(options);
    this.#strike(here);
  }

  #strike(here: Here<C>): void {
    if (this.#all.delete(here)) this.#past = add(this.#past, { ...here.pool.stats(), ...NOTHING });
  }
}

/** No caller has a connection or waits for one. A connection that is still opening then has no taker. */
function isQuiet<C>({ pool }: Here<C>): boolean {
  const { busy, waiting } = pool.stats();
  return busy + waiting === 0;
}

function add(sum: PoolStats, { closed, ...more }: PoolStats): PoolStats {
  const counts = Object.entries(more).map(([name, count]) => [name, count + sum[name as keyof typeof more]]);
  const reasons = Object.entries(closed).map(([reason, count]) => [reason, count + sum.closed[reason as CloseReason]]);
  return { ...(Object.fromEntries(counts) as typeof more), closed: Object.fromEntries(reasons), max: sum.max };
}
