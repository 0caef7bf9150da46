import type { Clock, Runtime, WaitUntil } from "../../contract/runtime.ts";
import { DbError } from "../../errors.ts";
import type { AcquireOptions, Lease } from "../../pool/lease.ts";
import { type ConnectionPoolOptions, checkPoolOptions } from "../../pool/options.ts";
import type { ConnectionPool } from "../../pool/pool.ts";
import type { Pool } from "../../pool/runtime.ts";
import type { PoolSource } from "../../pool/source.ts";
import type { PoolStats } from "../../pool/stats.ts";
import { LONGEST_DELAY_MS } from "./bounded-source.ts";
import { type Here, isGone, isQuiet } from "./here.ts";
import { Life } from "./life.ts";
import { isEvent } from "./running-events.ts";
import { type ContextKind, probe } from "./probe.ts";
import { heldSource } from "./held-source.ts";
import { add, endedStats, noStats } from "./sum.ts";

/** Most connections of one request: the platform lets it wait for this many at a time. */
const MOST = 6;

/** So many contexts are asked whether they are this one, the last used first: to ask costs some 12 µs. Any other begins anew. */
const ASKED = 64;

/** So many others are looked at when one begins, and when the counts are read, in turn: there may be many. */
const LOOKED_AT = { begin: 2, stats: 64 };

/** How long a socket waits for the next session of its request, when no handler of `withSession()` says when that ends. */
const LINGER_MS = 10;

/** The same where it is not known whether this is a request or a Durable Object, and `idleMs` is the default. */
const UNSURE_MS = 1_000;
const DEFAULT_IDLE_MS = 30_000;

/** No request is that old when it begins another session; a Durable Object is. */
const OLD_MS = 30_000;

type DisposeOptions = NonNullable<Parameters<Pool<unknown>["dispose"]>[0]>;

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
    this.#past = noStats(max);
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
    this.#look(LOOKED_AT.stats);
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
    const now = this.#clock.now();
    const here: Here<C> = {
      pool,
      ask: probe(),
      life: new Life(now),
      event,
      since: now,
      isObject: "WebSocketPair" in globalThis ? undefined : true,
      usedAt: 0,
      waitUntil,
      timer: undefined,
      isLeft: false,
      isClosing: false,
    };
    for (const each of this.#look(LOOKED_AT.begin)) if (isGone(each, now, this.#idleMs)) this.#strike(each);
    this.#all.add(here);
    if (event) this.#events.set(event, here);
    return here;
  }

  /** Looks for contexts that have ended, as no `finally` has run there. One that has is struck a moment later. */
  #look(count: number): Here<C>[] {
    const now = this.#clock.now();
    const some = [...take(this.#all, count)];
    for (const each of some) {
      each.life.ask(now, () => this.#strike(each));
      this.#all.delete(each);
      this.#all.add(each);
    }
    return some;
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
    if (!this.#all.delete(here)) return;
    this.#past = add(this.#past, endedStats(here.pool.stats()));
    here.pool.abandon();
  }
}

function* take<T>(all: Iterable<T>, count: number): Generator<T, void> {
  for (const each of all) {
    if (count-- <= 0) return;
    yield each;
  }
}
