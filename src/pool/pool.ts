import { systemClock } from "../clock.ts";
import type { CloseReason, PoolEvent } from "../contract/events.ts";
import type { Runtime } from "../contract/runtime.ts";
import { DbError } from "../errors.ts";
import { type Holding, isDeadlock, waited } from "./deadlock.ts";
import type { Entry } from "./entry.ts";
import { type AcquireOptions, type Desk, type Lease, PoolLease, type ReleaseOptions } from "./lease.ts";
import { type CheckedPoolOptions, checkNumber, checkPoolOptions, type PoolOptions } from "./options.ts";
import { Pace } from "./pace.ts";
import { pools } from "./registry.ts";
import type { PoolSource } from "./source.ts";
import { noneClosed, type PoolStats } from "./stats.ts";
import { WaitLine, type Waiter } from "./wait-line.ts";
import { Watch } from "./watch.ts";

export type { AcquireOptions, Lease, PoolEvent, PoolOptions, PoolSource, PoolStats, ReleaseOptions };

/** Releases in a row that may go without a reading of the clock. */
const UNREAD_RELEASES = 64;

export interface ConnectionPoolOptions extends PoolOptions {
  /** Its clock, and its default of `max`. Default: the system's clock, and 10. */
  readonly runtime?: Runtime | undefined;
  /** Told what happens; what it throws is ignored. */
  readonly onEvent?: ((event: PoolEvent) => void) | undefined;
  /** Keep the stack of every acquire for leak and deadlock reports; costs microseconds each. Default `false`. */
  readonly stacks?: boolean | undefined;
  /** For messages. Default `"pool"`. */
  readonly name?: string | undefined;
}

/**
 * Lends connections, or any other resource, to one caller at a time: at most `max` are open, idle ones are lent newest
 * first, callers served first come first served. No I/O, no timer and no random number before the first `acquire()`.
 *
 * @example
 * const pool = new ConnectionPool({ open: () => connect(url), close: (connection) => connection.end() }, { max: 5 });
 * const rows = await pool.use((connection) => connection.query("select 1"));
 */
export class ConnectionPool<C> {
  readonly name: string;
  readonly #source: PoolSource<C>;
  readonly #options: CheckedPoolOptions;
  readonly #hasStacks: boolean;
  readonly #onEvent: ((event: PoolEvent) => void) | undefined;
  readonly #watch: Watch;
  readonly #pace = new Pace();
  readonly #line = new WaitLine<C>();
  /** Every open connection: lent, idle or being validated. */
  readonly #entries = new Set<Entry<C>>();
  /** Those that nobody has, the newest last. */
  readonly #idle: Entry<C>[] = [];
  readonly #calls = new Set<Call>();
  readonly #under = { open: 0, validate: 0, close: 0 };
  readonly #closed = noneClosed();
  readonly #holding: Holding;
  readonly #desk: Desk<C> = { release: (entry, how) => this.#release(entry, how), detach: (entry) => this.#detach(entry) };
  /** A counter and not a time: clocks jump. */
  #generation = 0;
  #opened = 0;
  #waits = 0;
  #waitedMs = 0;
  #unread = 0;
  #isDisposed = false;
  #onDrained: (() => void) | undefined;
  #drainUntil = Infinity;

  /** @throws TypeError for a wrong option, naming it. */
  constructor(source: PoolSource<C>, options: ConnectionPoolOptions = {}) {
    const { runtime, name = "pool" } = options;
    this.name = name;
    this.#source = source;
    this.#options = checkPoolOptions(options, runtime?.maxConnections);
    this.#hasStacks = options.stacks === true;
    this.#onEvent = options.onEvent;
    // When the clock was set back, it is not known any more how long anything was idle.
    this.#watch = new Watch(runtime?.clock ?? systemClock, () => this.#onTimer(), () => this.#closeIdle("idle"));
    this.#holding = { max: this.#options.max, entries: this.#entries, line: this.#line };
  }

  /** The pools of all databases, in numbers: `pools()`. */
  static get POOLS(): ReadonlyMap<string, PoolStats> {
    return pools();
  }

  acquire(options?: AcquireOptions): Promise<Lease<C>> {
    const lease = this.tryAcquire(options);
    if (lease) return Promise.resolve(lease);
    return new Promise((resolve, reject) => this.#queue(options, resolve, reject));
  }

  tryAcquire(options?: AcquireOptions): Lease<C> | undefined {
    if (this.#idle.length === 0 || this.#line.size > 0) return undefined;
    if (options && (options.usePool === false || options.signal?.aborted)) return undefined;
    this.#watch.read();
    const entry = this.#newest();
    if (!entry || !this.#isTrusted(entry)) return undefined;
    this.#idle.pop();
    return this.#lend(entry, options, this.#stack(), 0);
  }

  async use<T>(work: (connection: C) => T | Promise<T>, options?: AcquireOptions): Promise<T> {
    const lease = await this.acquire(options);
    try {
      return await work(lease.connection);
    } finally {
      lease.release();
    }
  }

  invalidate(): void {
    this.#watch.read();
    this.#generation++;
    this.#pace.doubt();
    this.#closeIdle("stale");
    this.#pump();
  }

  stats(): PoolStats {
    const { open, validate } = this.#under;
    const idle = this.#idle.length;
    return {
      max: this.#options.max,
      open: this.#entries.size,
      busy: this.#entries.size - idle - validate,
      idle,
      opening: open,
      waiting: this.#line.size,
      opened: this.#opened,
      closed: { ...this.#closed },
      waits: this.#waits,
      waitedMs: this.#waitedMs,
    };
  }

  dispose({ timeoutMs = Infinity }: { timeoutMs?: number | undefined } = {}): Promise<void> {
    this.#drainUntil = this.#watch.read() + checkNumber("timeoutMs", timeoutMs);
    this.#isDisposed = true;
    for (const waiter of this.#line) this.#reject(waiter, this.#closedError());
    for (const { during, abort } of this.#calls) if (during !== "close") abort(this.#closedError());
    this.#closeIdle("disposed");
    return new Promise((resolve) => {
      const others = this.#onDrained;
      this.#onDrained = () => {
        others?.();
        resolve();
      };
      this.#rest();
    });
  }

  #closedError(): DbError {
    return new DbError("POOL_CLOSED", `"${this.name}" was disposed of. Make a new one.`, { pool: this.name });
  }

  #queue(options: AcquireOptions | undefined, resolve: (lease: Lease<C>) => void, reject: (error: unknown) => void): void {
    const { signal, owner, timeoutMs = this.#options.acquireTimeoutMs } = options ?? {};
    const { max, maxWaiting } = this.#options;
    const { busy, waiting } = this.stats();
    signal?.throwIfAborted();
    if (this.#isDisposed) throw this.#closedError();
    // Whom a place can serve that is not lent out does not count as waiting.
    if (waiting >= maxWaiting + max - busy) {
      const message = `${waiting} wait already (maxWaiting ${maxWaiting}, max ${max}). Come back later, or raise one of them.`;
      throw new DbError("POOL_FULL", message, { maxWaiting }, { retryable: true });
    }
    const stack = this.#stack();
    if (owner && isDeadlock(this.#holding, owner)) {
      const stacks = [stack, ...[...this.#entries].map((entry) => entry.stack)].filter((each) => each !== undefined);
      const message = `those who hold all ${max} connections wait for this one. Join with transaction(), or raise max.`;
      throw new DbError("POOL_DEADLOCK", message, { max, stacks });
    }
    const waiter: Waiter<C> = {
      since: this.#watch.read(),
      timeoutMs: checkNumber("timeoutMs", timeoutMs),
      options,
      stack,
      resolve,
      reject,
      onAbort: signal && (() => this.#reject(waiter, signal.reason)),
    };
    if (waiting === 0) this.#pace.begin();
    if (owner) waited.add(this.#holding);
    this.#line.push(waiter);
    this.#waits++;
    this.#emit({ type: "wait", owner, waiting: waiting + 1 });
    this.#pump();
  }

  #reject(waiter: Waiter<C>, error: unknown): void {
    this.#line.remove(waiter);
    waiter.reject(error);
    this.#rest();
  }

  /** Serves whom it can: from what is idle, else by opening more. Whatever changes ends with it. */
  #pump(): void {
    for (;;) {
      const { open, validate } = this.#under;
      const { size } = this.#line;
      const entry = size > validate && (this.#firstPooled || this.#isFull) && this.#newest();
      if (entry) {
        this.#idle.pop();
        if (this.#isTrusted(entry)) this.#offer(entry);
        else void this.#check(entry);
      } else if (size > open + validate && this.#taken < this.#options.max && this.#pace.allows(open, this.#watch.now)) void this.#open();
      else break;
    }
    this.#rest();
  }

  /** The first in line who may have a connection that was lent before. */
  get #firstPooled(): Waiter<C> | undefined {
    let waiter = this.#line.first;
    while (waiter?.options?.usePool === false) waiter = waiter.behind;
    return waiter;
  }

  /** Places taken; what is being closed still takes one, as far as the server knows. */
  get #taken(): number {
    return this.#entries.size + this.#under.open + this.#under.close;
  }

  /** No place is free, nor will be by itself. */
  get #isFull(): boolean {
    return this.#entries.size >= this.#options.max;
  }

  /** A connection is free. The one place where connections change hands. */
  #offer(entry: Entry<C>, isFresh = false): void {
    const { first } = this.#line;
    const waiter = isFresh ? first : this.#firstPooled;
    entry.idleSince = this.#watch.now;
    const fault = this.#fault(entry);
    if (fault) this.#close(entry, fault);
    // Whoever is first wants a fresh one, and only a close makes room for it.
    else if (waiter !== first ? this.#isFull : !waiter && this.#idle.length >= this.#options.maxIdle) this.#close(entry, "surplus");
    else if (waiter) {
      const waitedMs = this.#watch.now - waiter.since;
      this.#waitedMs += waitedMs;
      this.#line.remove(waiter);
      waiter.resolve(this.#lend(entry, waiter.options, waiter.stack, waitedMs));
    } else this.#idle.push(entry);
  }

  #lend(entry: Entry<C>, options: AcquireOptions | undefined, stack: string | undefined, waitedMs: number): Lease<C> {
    const { leakMs } = this.#options;
    const { now } = this.#watch;
    const lease = new PoolLease(entry);
    entry.uses++;
    entry.leasedAt = now;
    entry.owner = options?.owner;
    entry.stack = stack;
    entry.lease = lease;
    if (this.#onEvent) this.#emit({ type: "acquire", connection: entry.id, owner: entry.owner, waitedMs });
    if (leakMs > 0) {
      entry.leakAt = now + leakMs;
      this.#rest();
    }
    return lease;
  }

  #release(entry: Entry<C>, how: ReleaseOptions = {}): void {
    // A reading of the clock costs as much as the rest of a release. It is left out after leases that took no measurable
    // time, and never for long. The connection is then taken to be idle since the last reading: a lease that was long
    // after all makes it look idle for longer than it is, never for less.
    if (this.#watch.now !== entry.leasedAt || --this.#unread < 0) this.#unread = this.#watch.read() === entry.leasedAt ? UNREAD_RELEASES : 0;
    if (this.#onEvent) this.#emit({ type: "release", connection: entry.id, owner: entry.owner });
    entry.owner = entry.stack = entry.leakAt = undefined;
    if (how.broken) this.#pace.doubt();
    this.#pace.served++;
    const isWanted = this.#line.size > 0 || this.#options.leakMs > 0;
    if (how.broken || how.dirty) this.#close(entry, how.broken ? "broken" : "dirty");
    else this.#offer(entry);
    if (isWanted) this.#pump();
  }

  #detach(entry: Entry<C>): C {
    this.#watch.read();
    entry.owner = undefined;
    this.#remove(entry, "detached");
    this.#pump();
    return entry.connection;
  }

  /** Why a connection is not to be lent again. */
  #fault(entry: Entry<C>): CloseReason | undefined {
    const { now } = this.#watch;
    if (this.#isDisposed) return "disposed";
    if (entry.generation !== this.#generation) return "stale";
    if (entry.uses >= this.#options.maxUses) return "uses";
    if (now >= entry.expiresAt) return "lifetime";
    return now - entry.idleSince >= this.#options.idleMs ? "idle" : undefined;
  }

  /** The newest idle connection that may be lent; it stays idle. */
  #newest(): Entry<C> | undefined {
    const idle = this.#idle;
    let fault: CloseReason | undefined;
    // The oldest go unused and age out, so the pool shrinks by itself.
    while (idle[0] && (fault = this.#fault(idle[0]))) this.#close(idle.shift()!, fault);
    while (idle.length > 0 && (fault = this.#fault(idle.at(-1)!))) this.#close(idle.pop()!, fault);
    return idle.at(-1);
  }

  #isTrusted(entry: Entry<C>): boolean {
    return !this.#source.validate || this.#watch.now - entry.idleSince < this.#options.validateAfterMs;
  }

  async #open(): Promise<void> {
    const startedAt = this.#watch.now;
    try {
      const connection = await this.#call("open", async (options) => {
        const late = await this.#source.open(options);
        if (options.signal.aborted) this.#close(this.#admit(late, startedAt), "stale");
        return late;
      });
      this.#pace.opened();
      this.#offer(this.#admit(connection, startedAt), true);
    } catch (error) {
      this.#pace.failed(error, this.#watch.now);
      // Waiting heals most failures, and is bounded. It does not heal a wrong password or a bug: the first in line is told
      // at once; all are, when no other connection is left that could serve them.
      if (error instanceof TypeError || (error as DbError | undefined)?.retryable === false) {
        do if (this.#line.first) this.#reject(this.#line.first, error);
        while (this.#line.first && this.#taken === 0);
      }
    }
    this.#pump();
  }

  #admit(connection: C, startedAt: number): Entry<C> {
    const { now } = this.#watch;
    const entry: Entry<C> = {
      connection,
      id: ++this.#opened,
      desk: this.#desk,
      generation: this.#generation,
      expiresAt: now + this.#options.maxLifetimeMs * (1 - Math.random() / 10),
      uses: 0,
      idleSince: now,
    };
    this.#entries.add(entry);
    this.#emit({ type: "open", connection: entry.id, durationMs: now - startedAt });
    return entry;
  }

  async #check(entry: Entry<C>): Promise<void> {
    const answer = this.#call("validate", (options) => this.#source.validate!(entry.connection, options));
    if ((await answer.catch(() => false)) === false) {
      this.#close(entry, "invalid");
      // What killed one while it was idle has killed the others, most likely.
      this.invalidate();
    } else {
      this.#offer(entry);
      this.#pump();
    }
  }

  #close(entry: Entry<C>, reason: CloseReason): void {
    this.#remove(entry, reason);
    const pump = (): void => this.#pump();
    void this.#call("close", () => this.#source.close(entry.connection)).then(pump, pump);
  }

  #remove(entry: Entry<C>, reason: CloseReason): void {
    this.#entries.delete(entry);
    this.#closed[reason]++;
    this.#emit({ type: "close", connection: entry.id, reason });
  }

  #closeIdle(reason: CloseReason): void {
    for (const entry of this.#idle.splice(0)) this.#close(entry, reason);
  }

  /** Calls into the source, for `openTimeoutMs` at most. It takes up a place for that time. */
  async #call<T>(during: Call["during"], work: (options: { signal: AbortSignal }) => T | Promise<T>): Promise<T> {
    const controller = new AbortController();
    const { signal } = controller;
    const call: Call = { during, until: this.#watch.now + this.#options.openTimeoutMs, abort: (reason) => controller.abort(reason) };
    this.#calls.add(call);
    this.#under[during]++;
    try {
      const givenUp = new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      return await Promise.race([work({ signal }), givenUp]);
    } catch (error) {
      this.#emit({ type: "error", error, during });
      throw error;
    } finally {
      this.#calls.delete(call);
      this.#under[during]--;
      this.#watch.read();
    }
  }

  #onTimer(): void {
    const { max, openTimeoutMs } = this.#options;
    const now = this.#watch.read();
    this.#line.due(now, (waiter) => {
      const { failure } = this.#pace;
      const details = { ...this.stats(), waitedMs: now - waiter.since };
      const hint = "cause" in failure ? "Opening failed: see `cause`." : "Is a lease not released? Else raise `max`.";
      const message = `waited ${details.waitedMs} ms (max ${max}, busy ${details.busy}, waiting ${details.waiting}). ${hint}`;
      this.#reject(waiter, new DbError("POOL_TIMEOUT", message, details, { retryable: true, ...failure }));
    });
    for (const { during, until, abort } of this.#calls) {
      const message = `${during} took over ${openTimeoutMs} ms. Is the server there? Else raise openTimeoutMs.`;
      if (until <= now) abort(new DbError("CONNECT_FAILED", message, { adapter: this.name }, { retryable: true }));
    }
    for (const entry of this.#entries) if (entry.leakAt! <= now) {
      const { id, owner, stack, leasedAt } = entry;
      entry.leakAt = undefined;
      this.#emit({ type: "leak", connection: id, owner, heldMs: now - leasedAt!, stack });
    }
    this.#pump();
  }

  /** Nothing more can be done now: ends `dispose()` when all is done, and sets the timer for what is left. */
  #rest(): void {
    const { open, validate, close } = this.#under;
    const { size } = this.#line;
    let { dueAt } = this.#line;
    if (size === 0) waited.delete(this.#holding);
    if (size > open + validate && this.#taken < this.#options.max) dueAt = Math.min(dueAt, this.#pace.nextAt);
    for (const { until } of this.#calls) dueAt = Math.min(dueAt, until);
    if (this.#options.leakMs > 0) for (const { leakAt = Infinity } of this.#entries) dueAt = Math.min(dueAt, leakAt);
    if (this.#onDrained) {
      if (this.#entries.size + close > 0 && this.#drainUntil > this.#watch.now) dueAt = Math.min(dueAt, this.#drainUntil);
      else {
        this.#onDrained();
        this.#onDrained = undefined;
      }
    }
    this.#watch.arm(dueAt);
  }

  #stack(): string | undefined {
    return this.#hasStacks ? new Error("acquired").stack : undefined;
  }

  #emit(event: PoolEvent): void {
    try {
      this.#onEvent?.(event);
    } catch {
      // A listener that throws cannot stop the pool.
    }
  }
}

interface Call {
  readonly during: "open" | "validate" | "close";
  readonly until: number;
  readonly abort: (reason: unknown) => void;
}
