import type { MaybePromise } from "../contract/adapter.ts";
import type { CloseReason } from "../contract/events.ts";
import { DbError } from "../errors.ts";
import type { Entry } from "./entry.ts";
import type { Lender } from "./lease.ts";
import type { CheckedPoolOptions } from "./options.ts";
import { Pace } from "./pace.ts";
import type { PoolSource } from "./source.ts";
import { noneClosed } from "./stats.ts";
import type { Tell } from "./teller.ts";
import type { Watch } from "./watch.ts";

/** A pool, as its stock knows it. `asker`: for whom something was begun, if it was for somebody. */
export interface Keeper<C, Asker = unknown> extends Lender<C> {
  readonly name: string;
  /** A connection is free: fresh from its open, or validated. */
  offer(entry: Entry<C>, isFresh?: boolean, asker?: Asker): void;
  /** An open failed. */
  despair(error: unknown, asker?: Asker): void;
  /** Something has ended: see who can be served. */
  pump(asker?: Asker): void;
}

/** A call into the source that is under way. It takes up a place for that time. */
interface Call {
  readonly during: "open" | "validate" | "close";
  readonly until: number;
  readonly abort: (reason: unknown) => void;
}

/** The connections of a pool, and what is being done to them: opened, validated, closed. */
export class Stock<C, Asker = unknown> {
  /** Every open connection: lent, idle or being validated. */
  readonly entries: Set<Entry<C>> = new Set<Entry<C>>();
  /** Those that nobody has, the newest last. */
  readonly idle: Entry<C>[] = [];
  readonly under: Record<Call["during"], number> = { open: 0, validate: 0, close: 0 };
  readonly pace: Pace = new Pace();
  readonly closed: Record<CloseReason, number> = noneClosed();
  opened = 0;
  isDisposed = false;
  readonly #keeper: Keeper<C, Asker>;
  readonly #source: PoolSource<C>;
  readonly #options: CheckedPoolOptions;
  readonly #watch: Watch;
  readonly #tell: Tell;
  readonly #calls = new Set<Call>();
  /** A counter and not a time: clocks jump. */
  #generation = 0;

  constructor(keeper: Keeper<C, Asker>, source: PoolSource<C>, options: CheckedPoolOptions, watch: Watch, tell: Tell) {
    this.#keeper = keeper;
    this.#source = source;
    this.#options = options;
    this.#watch = watch;
    this.#tell = tell;
  }

  get busy(): number {
    return this.entries.size - this.idle.length - this.under.validate;
  }

  /** How many places are free. One that is being closed is still there, as far as the server knows. */
  get room(): number {
    return this.#options.max - this.entries.size - this.under.open - this.under.close;
  }

  get hasRoom(): boolean {
    return this.room > 0;
  }

  /** The newest idle connection that has not expired; it stays idle. Those that have are closed. */
  newest(): Entry<C> | undefined {
    const { idle } = this;
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

  isTrusted(entry: Entry<C>): boolean {
    return !this.#source.validate || this.#watch.now - entry.idleSince < this.#options.validateAfterMs;
  }

  /** Why a connection that came back is not to be lent again. */
  faultOf(entry: Entry<C>): CloseReason | undefined {
    if (this.isDisposed) return "disposed";
    if (entry.generation !== this.#generation) return "stale";
    if (entry.uses >= this.#options.maxUses) return "uses";
    return this.#watch.now >= entry.expiresAt ? "lifetime" : undefined;
  }

  keep(entry: Entry<C>): void {
    const { now } = this.#watch;
    if (this.idle.length >= this.#options.maxIdle) return this.close(entry, "surplus");
    entry.idleSince = now;
    entry.endsAt = Math.min(now + this.#options.idleMs, entry.expiresAt);
    this.idle.push(entry);
  }

  open(asker?: Asker): void {
    const startedAt = this.#watch.now;
    const connect = async (options: { signal: AbortSignal }): Promise<C> => {
      const connection = await this.#source.open(options);
      // Too late: nobody counts on it any more.
      if (options.signal.aborted) this.close(this.#admit(connection, startedAt), "stale");
      return connection;
    };
    const opened = (connection: C): void => {
      this.pace.opened();
      this.#keeper.offer(this.#admit(connection, startedAt), true, asker);
    };
    const failed = (error: unknown): void => {
      this.pace.failed(error, this.#watch.now);
      this.#keeper.despair(error, asker);
    };
    this.#call("open", connect, opened, failed, asker);
  }

  /** Asks a connection that is neither idle nor lent whether it is alive. */
  check(entry: Entry<C>, asker?: Asker): void {
    const dead = (): void => {
      this.close(entry, "invalid");
      // What killed one while it was idle has killed the others, most likely.
      this.endGeneration();
    };
    const answered = (isAlive: boolean | void): void =>
      isAlive === false ? dead() : this.#keeper.offer(entry, false, asker);
    this.#call<boolean | void>(
      "validate",
      (options) => this.#source.validate!(entry.connection, options),
      answered,
      dead,
      asker,
    );
  }

  close(entry: Entry<C>, reason: CloseReason): void {
    this.remove(entry, reason);
    this.#call<void>("close", () => this.#source.close(entry.connection));
  }

  remove(entry: Entry<C>, reason: CloseReason): void {
    this.entries.delete(entry);
    this.closed[reason]++;
    this.#tell?.({ type: "close", connection: entry.id, reason });
  }

  closeIdle(reason: CloseReason): void {
    for (const entry of this.idle.splice(0)) this.close(entry, reason);
  }

  endGeneration(): void {
    this.#generation++;
    this.pace.narrow();
    this.closeIdle("stale");
  }

  /** Gives up on opens and validations. */
  abort(error: unknown): void {
    for (const call of this.#calls) if (call.during !== "close") call.abort(error);
  }

  /** Gives up on calls that take too long, and reports leases that do. @returns when to look again. */
  overdue(): number {
    const { now } = this.#watch;
    const { openTimeoutMs, leakMs } = this.#options;
    let dueAt = Infinity;
    for (const { until, during, abort } of this.#calls) {
      if (until > now) dueAt = Math.min(dueAt, until);
      else {
        const message = `${during} took over ${openTimeoutMs} ms. Is the server there? Else raise openTimeoutMs.`;
        abort(new DbError("CONNECT_FAILED", message, { adapter: this.#keeper.name }, { retryable: true }));
      }
    }
    if (leakMs > 0) for (const entry of this.entries) dueAt = Math.min(dueAt, this.#leakAt(entry, now));
    return dueAt;
  }

  #leakAt(entry: Entry<C>, now: number): number {
    const { id, owner, stack, leasedAt, leakAt } = entry;
    if (leakAt > now) return leakAt;
    this.#tell?.({ type: "leak", connection: id, owner, heldMs: now - leasedAt, stack });
    return (entry.leakAt = Infinity);
  }

  #expire(entry: Entry<C>): void {
    this.close(entry, this.#watch.now >= entry.expiresAt ? "lifetime" : "idle");
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

  #call<T>(
    during: Call["during"],
    work: (options: { signal: AbortSignal }) => MaybePromise<T>,
    done?: (value: T) => void,
    failed?: (error: unknown) => void,
    asker?: Asker,
  ): void {
    const controller = new AbortController();
    const { signal } = controller;
    const end = (then: () => void): void => {
      // To stand among the calls is to be under way: what comes after it was given up on changes nothing here.
      if (!this.#calls.delete(call)) return;
      this.under[during]--;
      this.#watch.read();
      then();
      this.#keeper.pump(asker);
    };
    const answered = (value: T): void => end(() => done?.(value));
    const fell = (error: unknown): void =>
      end(() => {
        this.#tell?.({ type: "error", error, during });
        failed?.(error);
      });
    const abort = (reason: unknown): void => {
      fell(reason);
      controller.abort(reason);
    };
    const call: Call = { during, until: this.#watch.now + this.#options.openTimeoutMs, abort };
    this.#calls.add(call);
    this.under[during]++;
    void (async () => work({ signal }))().then(answered, fell);
  }
}
