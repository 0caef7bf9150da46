import { systemClock } from "../clock.ts";
import type { MaybePromise } from "../contract/adapter.ts";
import type { CloseReason, PoolEvent } from "../contract/events.ts";
import type { Runtime } from "../contract/runtime.ts";
import { DbError } from "../errors.ts";
import { type Holding, isDeadlock, waited } from "./deadlock.ts";
import type { Entry } from "./entry.ts";
import { type AcquireOptions, type Lease, PoolLease, type ReleaseOptions } from "./lease.ts";
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
    return {
      max: this.#options.max,
      open: this.#entries.size,
      busy: this.#busy,
      idle: this.#idle.length,
      opening: this.#under.open,
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
    const { max, maxWaiting, acquireTimeoutMs } = this.#options;
    const waiting = this.#line.size;
    options?.signal?.throwIfAborted();
    if (this.#isDisposed) throw this.#closedError();
    // Whom a place can serve that is not lent out does not count as waiting.
    if (waiting >= maxWaiting + max - this.#busy) {
      const message = `${waiting} wait already (maxWaiting ${maxWaiting}, max ${max}). Come back later, or raise one of them.`;
      throw new DbError("POOL_FULL", message, { maxWaiting }, { retryable: true });
    }
    const stack = this.#stack();
    const owner = options?.owner;
    if (owner && isDeadlock(this.#holding, owner)) {
      const stacks = [stack, ...[...this.#entries].map((entry) => entry.stack)].filter((each) => each !== undefined);
      const message = `those who hold all ${max} connections wait for this one. Join with transaction(), or raise max.`;
      throw new DbError("POOL_DEADLOCK", message, { max, stacks });
    }
    const waiter: Waiter<C> = {
      since: this.#watch.read(),
      timeoutMs: options?.timeoutMs === undefined ? acquireTimeoutMs : checkNumber("timeoutMs", options.timeoutMs),
      options,
      stack,
      resolve,
      reject,
      onAbort: undefined,
      ahead: undefined,
      behind: undefined,
    };
    if (options?.signal) this.#listen(waiter, options.signal);
    if (waiting === 0) this.#pace.begin();
    if (owner) waited.add(this.#holding);
    this.#line.push(waiter);
    this.#waits++;
    if (this.#onEvent) this.#emit({ type: "wait", owner, waiting: waiting + 1 });
    if (this.#idle.length > 0 || this.#taken < max) this.#pump();
    else this.#watch.arm(this.#line.dueAt);
  }

  #listen(waiter: Waiter<C>, signal: AbortSignal): void {
    waiter.onAbort = () => this.#reject(waiter, signal.reason);
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
      const entry = size > validate && (this.#firstPooled || this.#entries.size >= this.#options.max) && this.#newest();
      if (entry) {
        this.#idle.pop();
        if (this.#isTrusted(entry)) this.#offer(entry);
        else this.#check(entry);
      } else if (size > open + validate && this.#taken < this.#options.max && this.#pace.allows(open, this.#watch.now)) this.#open();
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

  get #busy(): number {
    return this.#entries.size - this.#idle.length - this.#under.validate;
  }

  /** Places taken; what is being closed still takes one, as far as the server knows. */
  get #taken(): number {
    return this.#entries.size + this.#under.open + this.#under.close;
  }

  /** A connection is free. The one place where connections change hands. */
  #offer(entry: Entry<C>, isFresh = false): void {
    const { max, maxIdle, maxUses, idleMs } = this.#options;
    const { now } = this.#watch;
    const { first } = this.#line;
    const waiter = isFresh ? first : this.#firstPooled;
    if (this.#isDisposed) this.#close(entry, "disposed");
    else if (entry.generation !== this.#generation) this.#close(entry, "stale");
    else if (entry.uses >= maxUses) this.#close(entry, "uses");
    else if (now >= entry.expiresAt) this.#close(entry, "lifetime");
    // Whoever is first may want a fresh one, for which only a close makes room.
    else if (waiter !== first ? this.#entries.size >= max : !waiter && this.#idle.length >= maxIdle) this.#close(entry, "surplus");
    else if (waiter) {
      const waitedMs = now - waiter.since;
      this.#waitedMs += waitedMs;
      this.#line.remove(waiter);
      waiter.resolve(this.#lend(entry, waiter.options, waiter.stack, waitedMs));
    } else {
      entry.idleSince = now;
      entry.endsAt = Math.min(now + idleMs, entry.expiresAt);
      this.#idle.push(entry);
    }
  }

  #lend(entry: Entry<C>, options: AcquireOptions | undefined, stack: string | undefined, waitedMs: number): Lease<C> {
    const { leakMs } = this.#options;
    const { now } = this.#watch;
    entry.uses++;
    entry.isLent = true;
    entry.leasedAt = now;
    entry.owner = options?.owner;
    entry.stack = stack;
    if (this.#onEvent) this.#emit({ type: "acquire", connection: entry.id, owner: entry.owner, waitedMs });
    if (leakMs > 0) {
      entry.leakAt = now + leakMs;
      this.#rest();
    }
    return new PoolLease(this, entry);
  }

  /** @internal */
  takeBack(entry: Entry<C>, how: ReleaseOptions | undefined): void {
    // A reading of the clock costs as much as the rest of a release. It is left out after leases that took no measurable
    // time, and never for long. The connection is then taken to be idle since the last reading: a lease that was long
    // after all makes it look idle for longer than it is, never for less.
    const isUnread = this.#watch.now === entry.leasedAt && --this.#unread > 0;
    if (!isUnread) this.#unread = this.#watch.read() === entry.leasedAt ? UNREAD_RELEASES : 0;
    if (this.#onEvent) this.#emit({ type: "release", connection: entry.id, owner: entry.owner });
    entry.owner = entry.stack = undefined;
    entry.leakAt = Infinity;
    const wasWanted = this.#line.size > 0;
    if (how?.broken || how?.dirty) this.#close(entry, how.broken ? "broken" : "dirty");
    else this.#offer(entry);
    if (how?.broken) this.#pace.doubt();
    if (wasWanted) this.#pace.served++;
    // A connection that only changed hands leaves nothing to do for those who still wait.
    if (this.#options.leakMs > 0 || (wasWanted && (!entry.isLent || this.#line.size === 0))) this.#pump();
  }

  /** @internal */
  letGo(entry: Entry<C>): void {
    this.#watch.read();
    entry.owner = undefined;
    this.#remove(entry, "detached");
    this.#pump();
  }

  /** The newest idle connection that may be lent; it stays idle. */
  #newest(): Entry<C> | undefined {
    const idle = this.#idle;
    const { now } = this.#watch;
    // The oldest go unused and age out, so the pool shrinks by itself.
    while (idle.length > 1 && now >= idle[0]!.endsAt) this.#expire(idle.shift()!);
    while (idle.length > 0) {
      const entry = idle[idle.length - 1]!;
      if (now < entry.endsAt) return entry;
      this.#expire(idle.pop()!);
    }
    return undefined;
  }

  #expire(entry: Entry<C>): void {
    this.#close(entry, this.#watch.now >= entry.expiresAt ? "lifetime" : "idle");
  }

  #isTrusted(entry: Entry<C>): boolean {
    return !this.#source.validate || this.#watch.now - entry.idleSince < this.#options.validateAfterMs;
  }

  #open(): void {
    const startedAt = this.#watch.now;
    const connect = async (options: { signal: AbortSignal }): Promise<C> => {
      const connection = await this.#source.open(options);
      // Too late: nobody counts on it any more.
      if (options.signal.aborted) this.#close(this.#admit(connection, startedAt), "stale");
      return connection;
    };
    const opened = (connection: C): void => {
      this.#pace.opened();
      this.#offer(this.#admit(connection, startedAt), true);
    };
    const failed = (error: unknown): void => {
      this.#pace.failed(error, this.#watch.now);
      // Waiting heals most failures, and is bounded. It does not heal a wrong password or a bug: the first in line is told
      // at once; all are, when no other connection is left that could serve them.
      if (!(error instanceof TypeError) && (error as DbError | undefined)?.retryable !== false) return;
      for (const waiter of this.#line) {
        this.#reject(waiter, error);
        if (this.#taken > 0) return;
      }
    };
    this.#call("open", connect, opened, failed);
  }

  #admit(connection: C, startedAt: number): Entry<C> {
    const { now } = this.#watch;
    const entry: Entry<C> = {
      connection,
      id: ++this.#opened,
      generation: this.#generation,
      expiresAt: now + this.#options.maxLifetimeMs * (1 - Math.random() / 10),
      uses: 0,
      isLent: false,
      leasedAt: now,
      leakAt: Infinity,
      owner: undefined,
      stack: undefined,
      idleSince: now,
      endsAt: now,
    };
    this.#entries.add(entry);
    this.#emit({ type: "open", connection: entry.id, durationMs: now - startedAt });
    return entry;
  }

  #check(entry: Entry<C>): void {
    const dead = (): void => {
      this.#close(entry, "invalid");
      // What killed one while it was idle has killed the others, most likely.
      this.invalidate();
    };
    const validate = (options: { signal: AbortSignal }): MaybePromise<boolean | void> => this.#source.validate!(entry.connection, options);
    this.#call("validate", validate, (isAlive) => (isAlive === false ? dead() : this.#offer(entry)), dead);
  }

  #close(entry: Entry<C>, reason: CloseReason): void {
    this.#remove(entry, reason);
    const done = (): void => undefined;
    this.#call<void>("close", () => this.#source.close(entry.connection), done, done);
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
  #call<T>(
    during: Call["during"],
    work: (options: { signal: AbortSignal }) => MaybePromise<T>,
    done: (value: T) => void,
    failed: (error: unknown) => void,
  ): void {
    const controller = new AbortController();
    const { signal } = controller;
    const call: Call = { during, until: this.#watch.now + this.#options.openTimeoutMs, abort: (reason) => controller.abort(reason) };
    const givenUp = new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const end = (): void => {
      this.#calls.delete(call);
      this.#under[during]--;
      this.#watch.read();
    };
    this.#calls.add(call);
    this.#under[during]++;
    this.#watch.arm(call.until);
    void Promise.race([(async () => work({ signal }))(), givenUp])
      .then(
        (value) => {
          end();
          done(value);
        },
        (error: unknown) => {
          end();
          this.#emit({ type: "error", error, during });
          failed(error);
        },
      )
      .then(() => this.#pump());
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
    for (const entry of this.#entries) if (entry.leakAt <= now) {
      const { id, owner, stack, leasedAt } = entry;
      entry.leakAt = Infinity;
      this.#emit({ type: "leak", connection: id, owner, heldMs: now - leasedAt, stack });
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
    if (this.#calls.size > 0) for (const { until } of this.#calls) dueAt = Math.min(dueAt, until);
    if (this.#options.leakMs > 0) for (const { leakAt } of this.#entries) dueAt = Math.min(dueAt, leakAt);
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
