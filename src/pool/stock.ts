import type { CloseReason } from "../contract/events.ts";
import { type Caller, Calls } from "./calls.ts";
import type { Entry } from "./entry.ts";
import { type Lender, textOf } from "./lease.ts";
import { type CheckedPoolOptions, checkSource } from "./options.ts";
import { Pace } from "./pace.ts";
import type { PoolSource } from "./source.ts";
import { noneClosed } from "./stats.ts";
import type { Tell } from "./teller.ts";
import type { Watch } from "./watch.ts";

/** A pool, as its stock knows it. `asker`: the waiter something was begun for, if any. */
export interface Keeper<C, Asker = unknown> extends Lender<C>, Caller<Asker> {
  /** A connection is free: fresh from its open, or validated. */
  offer(entry: Entry<C>, isFresh?: boolean, asker?: Asker): void;
  /** An open failed. */
  despair(error: unknown, asker?: Asker): void;
  /** Something has ended: see who can be served. */
  pump(asker?: Asker): void;
}

/** The connections of a pool, and what is being done to them: opened, validated, closed. */
export class Stock<C, Asker = unknown> {
  /** Every open connection: lent, idle or being validated. */
  readonly entries: Set<Entry<C>> = new Set<Entry<C>>();
  /** Those that nobody has, the newest last. */
  readonly idle: Entry<C>[] = [];
  readonly max: number;
  readonly calls: Calls<Asker>;
  readonly under: Calls<Asker>["under"];
  readonly pace: Pace = new Pace();
  readonly closed: Record<CloseReason, number> = noneClosed();
  opened = 0;
  isDisposed = false;
  /** No idle connection expires before. It is no later when one is lent: most come back. */
  idleUntil: number = Infinity;
  readonly #keeper: Keeper<C, Asker>;
  readonly #source: PoolSource<C>;
  readonly #isClosed: PoolSource<C>["isClosed"];
  readonly #options: CheckedPoolOptions;
  readonly #watch: Watch;
  readonly #tell: Tell;
  /** A counter and not a time: clocks jump. */
  #generation = 0;

  constructor(keeper: Keeper<C, Asker>, source: PoolSource<C>, options: CheckedPoolOptions, watch: Watch, tell: Tell) {
    checkSource(source);
    this.max = options.max;
    this.#keeper = keeper;
    this.#source = source;
    this.#options = options;
    this.#watch = watch;
    this.#tell = tell;
    this.calls = new Calls(keeper, options, watch, tell);
    this.under = this.calls.under;
    this.#isClosed =
      source.isClosed &&
      // A throw must not end what asks: that would lose its place for good.
      ((connection) => {
        try {
          return source.isClosed!(connection);
        } catch {
          return true;
        }
      });
  }

  get busy(): number {
    return this.entries.size - this.idle.length - this.under.validate;
  }

  /** How many places are free. One that is being closed is still there, as far as the server knows. */
  get room(): number {
    return this.max - this.entries.size - this.under.open - this.under.close;
  }

  /** The newest idle connection that can be lent; it stays idle. Those that can no longer be lent are closed. */
  newest(): Entry<C> | undefined {
    const { idle } = this;
    if (this.#watch.now >= this.idleUntil) this.#closeExpired();
    while (idle.length > 0) {
      const entry = idle[idle.length - 1]!;
      if (!this.#isClosed?.(entry.connection)) return entry;
      this.close(idle.pop()!, "broken");
    }
    return undefined;
  }

  #closeExpired(): void {
    const { idle } = this;
    const { now } = this.#watch;
    this.idleUntil = Infinity;
    for (let at = 0; at < idle.length;) {
      const { endsAt, expiresAt } = idle[at]!;
      if (now >= endsAt) this.close(idle.splice(at, 1)[0]!, now >= expiresAt ? "lifetime" : "idle");
      else this.idleUntil = Math.min(this.idleUntil, idle[at++]!.endsAt);
    }
  }

  isTrusted(entry: Entry<C>): boolean {
    return !this.#source.validate || this.#watch.now - entry.idleSince < this.#options.validateAfterMs;
  }

  /** Why a connection that came back is not to be lent again. */
  faultOf(entry: Entry<C>): CloseReason | undefined {
    if (this.isDisposed) return "disposed";
    if (entry.generation !== this.#generation) return "stale";
    if (entry.uses >= this.#options.maxUses) return "uses";
    if (this.#watch.now >= entry.expiresAt) return "lifetime";
    return this.#isClosed?.(entry.connection) ? "broken" : undefined;
  }

  keep(entry: Entry<C>): void {
    const { now } = this.#watch;
    if (this.idle.length >= this.#options.maxIdle) return this.close(entry, "surplus");
    entry.idleSince = now;
    entry.endsAt = Math.min(now + this.#options.idleMs, entry.expiresAt);
    if (entry.endsAt < this.idleUntil) this.idleUntil = entry.endsAt;
    this.idle.push(entry);
  }

  open(asker?: Asker): void {
    const startedAt = this.#watch.now;
    const failed = (error: unknown): void => {
      this.pace.failed(error, this.#watch.now);
      this.#keeper.despair(error, asker);
    };
    const done = (connection: C): void => {
      const entry = this.#admit(connection, startedAt);
      // One that was closed at once is not offered to anybody, and is no reason to open more.
      if (this.#isClosed?.(connection)) this.pace.failed(undefined, this.#watch.now);
      else this.pace.opened(this.#watch.now);
      this.#keeper.offer(entry, true, asker);
    };
    const late = (connection: C): void => this.close(this.#admit(connection, startedAt), "stale");
    this.calls.begin("open", (options) => this.#source.open(options), { done, failed, late }, asker);
  }

  /** Asks a connection that is neither idle nor lent whether it is alive. */
  check(entry: Entry<C>, asker?: Asker): void {
    const failed = (): void => {
      this.close(entry, "invalid");
      // Its idle siblings are probably dead too.
      this.endGeneration();
    };
    const done = (isAlive: boolean | void): void =>
      isAlive === false ? failed() : this.#keeper.offer(entry, false, asker);
    this.calls.begin(
      "validate",
      (options) => this.#source.validate!(entry.connection, options),
      { done, failed },
      asker,
    );
  }

  close(entry: Entry<C>, reason: CloseReason): void {
    this.remove(entry, reason);
    this.calls.begin("close", () => this.#source.close(entry.connection), {});
  }

  remove(entry: Entry<C>, reason: CloseReason): void {
    this.entries.delete(entry);
    this.closed[reason]++;
    this.#tell?.({ type: "close", connection: entry.id, reason });
  }

  closeIdle(reason: CloseReason): void {
    this.idleUntil = Infinity;
    for (const entry of this.idle.splice(0)) this.close(entry, reason);
  }

  endGeneration(): void {
    this.#generation++;
    this.pace.narrow();
    this.closeIdle("stale");
  }

  /** Tells of a lease that begins, and looks after it from now on. @returns whether the timer may be too late for that. */
  lent(entry: Entry<C>, waitedMs: number): boolean {
    const { leakMs } = this.#options;
    if (leakMs > 0) entry.leasedAt = this.#watch.read();
    this.#tell?.({ type: "acquire", connection: entry.id, owner: entry.owner, waitedMs });
    if (leakMs <= 0) return false;
    entry.leakAt = entry.leasedAt + leakMs;
    return !this.#watch.expect(entry.leakAt);
  }

  /** Reports leases that last too long. @returns when to look again. */
  leaks(): number {
    const { now } = this.#watch;
    let dueAt = Infinity;
    for (const entry of this.entries) {
      const { id, owner, stack, leasedAt } = entry;
      if (entry.leakAt <= now) {
        entry.leakAt = Infinity;
        this.#tell?.({ type: "leak", connection: id, owner, heldMs: now - leasedAt, stack: textOf(stack) });
      }
      dueAt = Math.min(dueAt, entry.leakAt);
    }
    return dueAt;
  }

  #admit(connection: C, startedAt: number): Entry<C> {
    const { now } = this.#watch;
    const entry: Entry<C> = {
      connection,
      id: ++this.opened,
      lender: this.#keeper,
      generation: this.#generation,
      // Drawn for each: connections of one burst do not end together.
      expiresAt: Math.floor(now + this.#options.maxLifetimeMs * (1 - Math.random() / 10)),
      uses: 0,
      isLent: false,
      leasedAt: now,
      leakAt: Infinity,
      owner: undefined,
      stack: undefined,
      idleSince: now,
      endsAt: now,
    };
    this.entries.add(entry);
    this.#tell?.({ type: "open", connection: entry.id, durationMs: now - startedAt });
    return entry;
  }
}
