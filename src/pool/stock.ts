import type { CloseReason, PoolEvent } from "../contract/events.ts";
import { DbError } from "../errors.ts";
import { Entry } from "./entry.ts";
import type { Desk } from "./lease.ts";
import type { CheckedPoolOptions } from "./options.ts";
import { Pace } from "./pace.ts";
import type { PoolSource } from "./source.ts";
import { noneClosed } from "./stats.ts";
import { type Step, startStep } from "./step.ts";
import type { Watch } from "./watch.ts";

/** The pool, as its stock knows it. */
export interface Keeper<C> extends Desk<C> {
  /** A connection may be lent: fresh from its open, or validated. */
  offer(entry: Entry<C>, isFresh: boolean): void;
  openFailed(error: unknown): void;
  /** Something has ended on its own: see who can be served. */
  pump(): void;
}

/** The connections of a pool, and what is being done to them: opened, validated, closed. */
export class Stock<C> {
  /** Every open connection: lent, idle or being validated. */
  readonly entries: Set<Entry<C>> = new Set<Entry<C>>();
  /** Those that nobody has; the newest last. */
  readonly idle: Entry<C>[] = [];
  readonly opening: Set<Step> = new Set<Step>();
  readonly checking: Set<Step> = new Set<Step>();
  readonly closing: Set<Step> = new Set<Step>();
  readonly pace: Pace = new Pace();
  readonly closed: Record<CloseReason, number> = noneClosed();
  opened = 0;
  /** A counter and not a time: clocks jump. */
  generation = 0;
  isDisposed = false;
  readonly #source: PoolSource<C>;
  readonly #options: CheckedPoolOptions;
  readonly #watch: Watch;
  readonly #emit: ((event: PoolEvent) => void) | undefined;
  readonly #keeper: Keeper<C>;

  constructor(
    source: PoolSource<C>,
    options: CheckedPoolOptions,
    watch: Watch,
    emit: ((event: PoolEvent) => void) | undefined,
    keeper: Keeper<C>,
  ) {
    this.#source = source;
    this.#options = options;
    this.#watch = watch;
    this.#emit = emit;
    this.#keeper = keeper;
  }

  get busy(): number {
    return this.entries.size - this.idle.length - this.checking.size;
  }

  /** Places taken. One that is being closed is still there, as far as the server knows. */
  get taken(): number {
    return this.entries.size + this.opening.size + this.closing.size;
  }

  /** The newest idle connection that has not expired; it stays idle. Those that have are closed. */
  newest(now: number): Entry<C> | undefined {
    const { idle } = this;
    // The oldest go unused and age out, so the pool shrinks by itself.
    while (idle.length > 1 && now - idle[0]!.idleSince >= this.#options.idleMs) this.close(idle.shift()!, "idle");
    for (let entry = idle.at(-1); entry !== undefined; entry = idle.at(-1)) {
      const reason = now >= entry.expiresAt ? "lifetime" : now - entry.idleSince >= this.#options.idleMs ? "idle" : undefined;
      if (reason === undefined) return entry;
      idle.pop();
      this.close(entry, reason);
    }
    return undefined;
  }

  isTrusted(entry: Entry<C>, now: number): boolean {
    return this.#source.validate === undefined || now - entry.idleSince < this.#options.validateAfterMs;
  }

  keep(entry: Entry<C>): void {
    if (this.idle.length >= this.#options.maxIdle) return this.close(entry, "surplus");
    entry.idleSince = this.#watch.now;
    this.idle.push(entry);
  }

  open(): void {
    const startedAt = this.#watch.now;
    const ends = {
      done: (connection: C) => {
        const entry = this.#admit(connection, startedAt);
        this.pace.opened(this.#watch.now - startedAt);
        this.#keeper.offer(entry, true);
      },
      failed: (error: unknown) => {
        this.pace.failed(error, this.#watch.read());
        if (!this.isDisposed) this.#emit?.({ type: "error", error, during: "open" });
        this.#keeper.openFailed(error);
      },
      late: (connection: C) => this.close(this.#admit(connection, startedAt), this.isDisposed ? "disposed" : "stale"),
      then: () => this.#keeper.pump(),
    };
    startStep(this.opening, startedAt + this.#options.openTimeoutMs, (options) => this.#source.open(options), ends);
  }

  /** Asks a connection that is neither idle nor lent whether it is alive. */
  check(entry: Entry<C>): void {
    const dead = (): void => {
      this.close(entry, this.isDisposed ? "disposed" : "invalid");
      // What killed one while it was idle has killed the others, most likely.
      this.endGeneration();
    };
    const ends = {
      done: (isAlive: boolean | void) => {
        if (isAlive === false) return dead();
        this.#watch.read();
        if (entry.generation === this.generation) this.#keeper.offer(entry, false);
        else this.close(entry, "stale");
      },
      failed: (error: unknown) => {
        if (!this.isDisposed) this.#emit?.({ type: "error", error, during: "validate" });
        dead();
      },
      then: () => this.#keeper.pump(),
    };
    const until = this.#watch.now + this.#options.openTimeoutMs;
    startStep(this.checking, until, (options) => this.#source.validate!(entry.connection, options), ends);
  }

  close(entry: Entry<C>, reason: CloseReason): void {
    this.remove(entry, reason);
    const ends = {
      done: () => undefined,
      failed: (error: unknown) => this.#emit?.({ type: "error", error, during: "close" }),
      then: () => this.#keeper.pump(),
    };
    startStep<void>(this.closing, this.#watch.now + this.#options.openTimeoutMs, () => this.#source.close(entry.connection), ends);
  }

  remove(entry: Entry<C>, reason: CloseReason): void {
    this.entries.delete(entry);
    this.closed[reason]++;
    this.#emit?.({ type: "close", connection: entry.id, reason });
  }

  closeIdle(reason: CloseReason): void {
    for (const entry of this.idle.splice(0)) this.close(entry, reason);
  }

  endGeneration(): void {
    this.generation++;
    this.pace.doubt();
    this.closeIdle("stale");
  }

  /** The next moment at which a step is given up on. */
  get dueAt(): number {
    let dueAt = Infinity;
    for (const steps of [this.opening, this.checking, this.closing]) for (const { until } of steps) dueAt = Math.min(dueAt, until);
    return dueAt;
  }

  giveUp(now: number): void {
    const { openTimeoutMs } = this.#options;
    for (const [verb, steps] of [["open", this.opening], ["validate", this.checking], ["close", this.closing]] as const) {
      for (const step of steps) {
        if (step.until > now) continue;
        const message = `no answer to ${verb} within ${openTimeoutMs} ms. Is the server reachable? Else raise openTimeoutMs.`;
        step.giveUp(new DbError("CONNECT_FAILED", message, { adapter: "pool" }, { retryable: true }));
      }
    }
  }

  #admit(connection: C, startedAt: number): Entry<C> {
    const now = this.#watch.read();
    // Up to a tenth less, drawn for each: connections of one burst do not all end together.
    const lifetimeMs = this.#options.maxLifetimeMs * (1 - Math.random() / 10);
    const entry = new Entry(connection, ++this.opened, this.#keeper, this.generation, now + lifetimeMs);
    this.entries.add(entry);
    this.#emit?.({ type: "open", connection: entry.id, durationMs: now - startedAt });
    return entry;
  }
}
