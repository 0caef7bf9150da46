import type { MaybePromise, RowStream } from "../contract/adapter.ts";
import type { Owner } from "../contract/events.ts";
import type { WaitUntil } from "../contract/runtime.ts";
import { DbError, isDbError } from "../errors.ts";
import type { AcquireOptions, Lease, Stack } from "../pool/lease.ts";
import { bounded } from "./deadline.ts";
import type { Host } from "./host.ts";
import type { Link, Origin } from "./link.ts";
import type { Scope } from "./scope.ts";
import type { Transaction } from "./transaction.ts";

const END_TIMEOUT_MS = 5_000;

type Held = Pick<Lease<Link>, "id" | "connection" | "isReused" | "release" | "detach">;

/**
 * Holds at most one connection for a session: takes it, gives it back, or drops it. It is what the pool is asked with, since
 * all that is made for a wait counts when ten thousand wait.
 */
export class Holder implements AcquireOptions {
  /** Keeps the request alive for what the pool does on its behalf. */
  waitUntil: WaitUntil | undefined;
  readonly owner: Owner;
  /** Where the session began: the stack of the acquire itself shows nothing of the caller. */
  declare readonly stack: Stack;
  usePool: boolean | undefined;
  /** Ends the wait for a connection, if there is one. */
  endWait: ((reason: unknown) => void) | undefined;
  readonly #host: Host;
  readonly #transaction: Pick<Transaction, "isOpen" | "move" | "land" | "end">;
  /** What a server that had no room has said, and how long that is waited out, from the first time. */
  #refused: { readonly error: unknown; readonly until: number; readonly restMs: number } | undefined;
  #onDrop: ((error: unknown) => void) | undefined;
  #lease: Held | undefined;
  #streams: Set<RowStream> | undefined;

  constructor(host: Host, owner: Owner, transaction: Pick<Transaction, "isOpen" | "move" | "land" | "end">) {
    this.#host = host;
    this.owner = owner;
    this.#transaction = transaction;
    if (host.stacks) this.stack = new Error("begun");
  }

  onWait(giveUp: (reason: unknown) => void): void {
    this.endWait = giveUp;
  }

  /** Of the next wait for a connection: the rest, where a server that has no room is waited out. */
  get timeoutMs(): number | undefined {
    return this.#refused?.restMs;
  }

  /** Number of the connection in its pool; 0 for one that is not the pool's. */
  get connection(): number {
    return this.#lease?.id ?? 0;
  }

  get link(): Link | undefined {
    return this.#lease?.connection;
  }

  /** What is read from it, and not to its end yet. */
  get streams(): Set<RowStream> {
    return (this.#streams ??= new Set());
  }

  get hasStreams(): boolean {
    return this.#streams !== undefined && this.#streams.size > 0;
  }

  /** Borrows a connection from the pool: at once, if it can. `take()` has to follow. */
  borrow({ pool }: Origin, usePool: boolean | undefined): MaybePromise<Lease<Link>> {
    this.usePool = usePool;
    return pool.tryAcquire(this) ?? (this.#refused ? this.#waitOut(pool, this.#refused.error) : pool.acquire(this));
  }

  async #waitOut(pool: Origin["pool"], refusal: unknown): Promise<Lease<Link>> {
    try {
      return await pool.acquire(this);
    } catch (error) {
      // What the server said tells more than that time is over.
      throw isDbError(error, "POOL_TIMEOUT") ? refusal : error;
    }
  }

  /** Takes what it has borrowed. One that is fresh has to be prepared. */
  take(lease: Lease<Link>): Link {
    const link = lease.connection;
    this.#lease = lease;
    this.endWait = undefined;
    link.driver.hold?.(true);
    if (link.isPrepared && lease.isReused) link.driver.renew?.();
    return link;
  }

  /** Runs the hooks on a connection that was just taken. */
  async prepare(link: Link, signal: AbortSignal): Promise<void> {
    const { adapter } = link.origin;
    try {
      await this.#host.prepare(link, this.owner, signal);
      const { state } = link.driver;
      // The hook has kept that to itself.
      if (state === "closed")
        throw new DbError("CONNECTION_LOST", "the connection was lost in a hook", { adapter: adapter.name });
      if (state !== "idle") throw new TypeError("Expected hooks to leave no transaction open");
    } catch (error) {
      // Half made, no session may see it.
      this.drop(error);
      throw error;
    }
  }

  /** Takes a connection that somebody else owns: it is never pooled nor closed from here. */
  adopt(link: Link, root: Scope): void {
    this.#lease = {
      id: 0,
      connection: link,
      isReused: false,
      release: () => (link.isBound = false),
      detach: () => {
        link.isBound = false;
        return link;
      },
    };
    const { state } = link.driver;
    if (root.isPlain || (state !== "transaction" && state !== "failed")) return;
    this.#transaction.move({ kind: "begin", level: root });
    this.#transaction.land(state, undefined);
  }

  /** To the pool when it is proven idle, clean and healthy, else to be closed. The session takes another when it needs one. */
  async release(isClosed = false): Promise<void> {
    if (this.hasStreams) await this.#endStreams().catch(() => undefined);
    const lease = this.#lease;
    this.#lease = this.#refused = undefined;
    this.#transaction.end();
    if (!lease) return;
    const { driver, onSetUp } = lease.connection;
    // What the first connection's hook has queued was not carried out: it is for another one.
    lease.connection.onSetUp = undefined;
    onSetUp?.(false);
    // One that is not the pool's is only let go of.
    if (lease.id === 0) return lease.release();
    driver.hold?.(false);
    lease.release({ broken: driver.state !== "idle", dirty: isClosed || !driver.isReusable || onSetUp !== undefined });
  }

  /** Gives the connection away for good. */
  detach(): Link | undefined {
    this.setUp(false);
    const link = this.#lease?.detach();
    this.#lease = this.#refused = undefined;
    this.#transaction.end();
    return link;
  }

  /** The connection is unusable, and a transaction that was open on it is lost. */
  drop(error: unknown, isRefused = false): void {
    this.#transaction.land("closed", error);
    this.#streams?.clear();
    this.setUp(false);
    this.#lease?.release({ broken: true, refusal: isRefused ? error : undefined });
    this.#lease = this.#refused = undefined;
    this.#onDrop?.(error);
  }

  /** Rejects when the connection is dropped, for the one call that is under way on it. */
  dropped(): Promise<never> {
    return new Promise((_, reject) => (this.#onDrop = reject));
  }

  /** The connection's setup was carried out, or will never be. */
  setUp(isDone: boolean): void {
    const { link } = this;
    const call = link?.onSetUp;
    if (link) link.onSetUp = undefined;
    call?.(isDone);
  }

  /**
   * Takes note that a flight was lost.
   *
   * @returns true when the same flight may leave again on another connection: nothing of it was executed, no transaction
   *   was open, the connection had been alive before, and the session had left nothing in it.
   */
  replaces(error: unknown, hadSetup: boolean, hadState?: boolean): boolean {
    const { isReused, connection } = this.#lease!;
    if (connection.driver.state !== "closed" && !hadSetup) return false;
    const isLost = isDbError(error, "CONNECTION_LOST");
    const isUnsent = isDbError(error) && error.outcome === "not-executed" && !this.#transaction.isOpen && !hadState;
    // Opened, as it seemed, and refused by its first flight: to wait for room at the server is the pool's business.
    const isRefused = isDbError(error, "CONNECT_FAILED") && error.retryable;
    const now = this.#host.clock.now();
    // No further off than from now: the clock may have been set back.
    const until = Math.min(now + this.#host.limits.acquireTimeoutMs, this.#refused?.until ?? Infinity);
    this.drop(error, isRefused);
    // Its idle siblings are probably dead too: none of them is tried.
    if (isLost && !connection.driver.endedHere) connection.origin.pool.invalidate(this);
    if (!isRefused) return isLost && isUnsent && isReused && this.#host.checksConnections;
    if (!isUnsent || until <= now) return false;
    this.#refused = { error, until, restMs: until - now };
    return true;
  }

  // One that gives no answer must not keep the session from its end: the connection is closed then.
  async #endStreams(): Promise<void> {
    const streams = [...this.streams];
    this.streams.clear();
    for (const stream of streams) {
      const ended = async (): Promise<void> => {
        try {
          await stream.return();
        } catch {}
      };
      await bounded({ timeoutMs: END_TIMEOUT_MS }, this.#host.clock, ended, (reason) => {
        this.drop(reason);
        return reason;
      });
    }
  }
}

/** Finds the source, whose URL may come from a function that never answers. */
export function sourceOf(host: Host, toSignal: () => AbortSignal): MaybePromise<Origin> {
  const source = host.source();
  if (!(source instanceof Promise)) return source;
  const timeoutMs = host.limits.openTimeoutMs;
  const signal = toSignal();
  const toError = (reason: unknown): unknown =>
    signal.aborted
      ? reason
      : new DbError("CONNECT_FAILED", `the URL function took over ${timeoutMs} ms`, { adapter: "" });
  return bounded({ signal, timeoutMs }, host.clock, () => source, toError);
}
