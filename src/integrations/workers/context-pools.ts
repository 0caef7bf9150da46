import type { CloseReason } from "../../contract/events.ts";
import type { Clock, Runtime, WaitUntil } from "../../contract/runtime.ts";
import { DbError } from "../../errors.ts";
import type { AcquireOptions, Lease } from "../../pool/lease.ts";
import { type ConnectionPoolOptions, checkPoolOptions } from "../../pool/options.ts";
import type { ConnectionPool } from "../../pool/pool.ts";
import type { Pool } from "../../pool/runtime.ts";
import type { PoolSource } from "../../pool/source.ts";
import { noneClosed, type PoolStats } from "../../pool/stats.ts";
import { LONGEST_DELAY_MS } from "./bounded-source.ts";
import { LONGEST_LEASE_MS } from "./loans.ts";
import { isEvent } from "./running-events.ts";
import { type ContextKind, probe } from "./probe.ts";
import { heldSource } from "./held-source.ts";

/** Most connections of one request: the platform lets it wait for this many at a time. */
const MOST = 6;

/** So many contexts are asked whether they are this one, the last used first: to ask costs some 12 µs. Any other begins anew. */
const ASKED = 64;

/** How long a socket waits for the next session of its request, when no handler of `withSession()` says when that ends. */
const LINGER_MS = 10;

/** The same where it is not known whether this is a request or a Durable Object, and `idleMs` is the default. */
const UNSURE_MS = 1_000;
const DEFAULT_IDLE_MS = 30_000;

/** No request is that old when it begins another session; a Durable Object is. */
const OLD_MS = 30_000;

/** A context of which nothing was heard for so many times `idleMs` is gone: it would have closed its sockets by itself. */
const SILENT_TIMES = 10;

const NOTHING = { open: 0, busy: 0, idle: 0, opening: 0, waiting: 0 };

type DisposeOptions = NonNullable<Parameters<Pool<unknown>["dispose"]>[0]>;

/** The pool of one I/O context. */
interface Here<C> {
  readonly pool: ConnectionPool<C>;
  readonly ask: () => ContextKind;
  /** A handler of `withSession()`, which closes it at its end. */
  readonly event: WaitUntil | undefined;
  readonly since: number;
  /** Whether it is a Durable Object, which outlives its requests; `undefined`: not known yet. */
  isObject: boolean | undefined;
  usedAt: number;
  /** Keeps its request alive. */
  waitUntil: WaitUntil | undefined;
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
  readonly #Plain: typeof ConnectionPool;
  readonly #options: ConnectionPoolOptions;
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #all: Set<Here<C>> = new Set();
  /** Those that were used last, the latest last. */
  readonly #recent: Here<C>[] = [];
  readonly #events: WeakMap<WaitUntil, Here<C>> = new WeakMap();
  /** Of a context that is gone: any other learns from it what it is. */
  #witness: (() => ContextKind) | undefined;
  /** What pools have counted that are gone. */
  #past: PoolStats;
  #isDisposed = false;

  /** @param Plain - the pool of one context. */
  constructor(
    source: PoolSource<C>,
    options: ConnectionPoolOptions & { readonly runtime: Runtime },
    Plain: typeof ConnectionPool,
  ) {
    const { runtime, name = "pool" } = options;
    const checked = checkPoolOptions(options, runtime.maxConnections);
    const max = Math.min(checked.max, MOST);
    this.name = name;
    this.#source = source;
    this.#Plain = Plain;
    this.#options = { ...options, max };
    this.#clock = runtime.clock;
    this.#idleMs = checked.idleMs;
    this.#past = { max, ...NOTHING, opened: 0, waits: 0, waitedMs: 0, closed: noneClosed() };
  }

  async acquire(options?: AcquireOptions): Promise<Lease<C>> {
    const here = this.#here(options?.waitUntil);
    here.waitUntil = options?.waitUntil ?? here.waitUntil;
    // When it fails, what is being opened may be for nobody: it is not to stay open.
    return here.pool.acquire(options).catch((error: unknown) => {
      this.#rest(here);
      throw error;
    });
  }

  tryAcquire(options?: AcquireOptions): Lease<C> | undefined {
    const here = this.#find(options?.waitUntil);
    if (here) {
      here.waitUntil = options?.waitUntil ?? here.waitUntil;
      this.#use(here);
    }
    return here?.pool.tryAcquire(options);
  }

  invalidate(): void {
    this.#find()?.pool.invalidate();
  }

  /** Of all contexts together; `max` is that of each. */
  stats(): PoolStats {
    return [...this.#all].reduce((sum, { pool }) => add(sum, pool.stats()), this.#past);
  }

  /** Closes what is of this context, or of an event, as soon as nobody has it. */
  async leave(event?: WaitUntil): Promise<void> {
    const here = event ? this.#events.get(event) : this.#find();
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

  /** @param event - where the caller is of one: nothing has to be asked then. */
  #find(event?: WaitUntil): Here<C> | undefined {
    if (event && isEvent(event)) {
      const here = this.#events.get(event);
      return here?.isClosing ? undefined : here;
    }
    return this.#recent.findLast((here) => !here.isClosing && here.ask() === "own");
  }

  #use(here: Here<C>): void {
    const now = this.#clock.now();
    here.usedAt = now;
    const at = this.#recent.indexOf(here);
    if (at >= 0) this.#recent.splice(at, 1);
    if (here.isObject === undefined) {
      const told = (this.#recent.at(-1)?.ask ?? this.#witness)?.();
      if (told && told !== "own") here.isObject = told === "object";
      else if (now - here.since > OLD_MS) here.isObject = true;
    }
    if (this.#recent.push(here) > ASKED) this.#recent.shift();
  }

  #here(waitUntil: WaitUntil | undefined): Here<C> {
    if (this.#isDisposed)
      throw new DbError("POOL_CLOSED", `"${this.name}" was disposed. Make a new one.`, { pool: this.name });
    const here = this.#find(waitUntil) ?? this.#begin(waitUntil);
    this.#use(here);
    return here;
  }

  #begin(waitUntil: WaitUntil | undefined): Here<C> {
    const { onEvent } = this.#options;
    const source = heldSource(this.#source, () => here.waitUntil);
    const pool = new this.#Plain<C>(source, {
      ...this.#options,
      onEvent: (event) => {
        onEvent?.(event);
        // Reported before it is done.
        if (/^(release|close|error)$/.test(event.type)) void Promise.resolve().then(() => this.#rest(here));
      },
    });
    const event = waitUntil && isEvent(waitUntil) ? waitUntil : undefined;
    const here: Here<C> = {
      pool,
      ask: probe(),
      event,
      since: this.#clock.now(),
      isObject: "WebSocketPair" in globalThis ? undefined : true,
      usedAt: 0,
      waitUntil,
      timer: undefined,
      isLeft: false,
      isClosing: false,
    };
    // Two of the others at a time, in turn: there may be many.
    for (const each of [...take(this.#all, 2)]) {
      if (this.#isGone(each)) this.#strike(each);
      else if (this.#all.delete(each)) this.#all.add(each);
    }
    this.#all.add(here);
    if (event) this.#events.set(event, here);
    return here;
  }

  #isGone(here: Here<C>): boolean {
    const silentMs = this.#clock.now() - here.usedAt;
    return silentMs >= SILENT_TIMES * this.#idleMs && (isQuiet(here) || silentMs >= LONGEST_LEASE_MS);
  }

  /**
   * Closes a request's sockets when its last session has ended, and forgets a context that has nothing any more. Those of a
   * Durable Object are closed by its own pool, when they have been idle. An open one keeps its context alive, and the timers with it.
   */
  #rest(here: Here<C>): void {
    this.#clock.clearTimeout(here.timer);
    if (here.isClosing || !isQuiet(here)) return;
    const { open, opening, opened } = here.pool.stats();
    const { isLeft, isObject, event } = here;
    const isEmpty = open + opening === 0;
    if (isLeft || (isEmpty && (opened > 0 || isObject === false))) return void this.#close(here);
    const lingerMs =
      event || isObject
        ? Infinity
        : isObject === false
          ? LINGER_MS
          : this.#idleMs === DEFAULT_IDLE_MS
            ? UNSURE_MS
            : Infinity;
    // Where no open has succeeded, its pool knows how long to wait before the next.
    const delayMs = isEmpty ? this.#idleMs : lingerMs < this.#idleMs ? lingerMs : Infinity;
    if (delayMs < Infinity)
      here.timer = this.#clock.setTimeout(
        () => isQuiet(here) && void this.#close(here),
        Math.min(delayMs, LONGEST_DELAY_MS),
      );
  }

  async #close(here: Here<C>, options?: DisposeOptions): Promise<void> {
    here.isClosing = true;
    this.#clock.clearTimeout(here.timer);
    await here.pool.dispose(options);
    this.#strike(here);
  }

  #strike(here: Here<C>): void {
    this.#witness = here.ask;
    const at = this.#recent.indexOf(here);
    if (at >= 0) this.#recent.splice(at, 1);
    if (this.#all.delete(here)) this.#past = add(this.#past, { ...here.pool.stats(), ...NOTHING });
  }
}

function* take<T>(all: Iterable<T>, count: number): Generator<T, void> {
  for (const each of all) {
    if (count-- <= 0) return;
    yield each;
  }
}

/** Nobody has a connection or waits for one. One that is opened is for nobody then. */
function isQuiet<C>({ pool }: Here<C>): boolean {
  const { busy, waiting } = pool.stats();
  return busy + waiting === 0;
}

function add(sum: PoolStats, { closed, ...more }: PoolStats): PoolStats {
  const counts = Object.entries(more).map(([name, count]) => [name, count + sum[name as keyof typeof more]]);
  const reasons = Object.entries(closed).map(([reason, count]) => [reason, count + sum.closed[reason as CloseReason]]);
  return { ...(Object.fromEntries(counts) as typeof more), closed: Object.fromEntries(reasons), max: sum.max };
}
