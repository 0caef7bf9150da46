import type { BeginOptions, MaybePromise, RowStream } from "../contract/adapter.ts";
import type { Frame } from "../contract/context.ts";
import type { Owner, SessionEvent } from "../contract/events.ts";
import { type DbError, isDbError } from "../errors.ts";
import type { Lease } from "../pool/pool.ts";
import type { Host } from "./host.ts";
import { Line } from "./line.ts";
import type { Link } from "./link.ts";
import { Scope, type SettleCallback } from "./scope.ts";
import { Transaction } from "./transaction.ts";

let units = 0;

/** What a session and the transactions inside it share: one place in the pool, one connection, one transaction. */
export class Unit implements Owner {
  readonly id: number = ++units;
  readonly host: Host;
  readonly parent: Owner | undefined;
  readonly transaction: Transaction;
  readonly line: Line = new Line(this);
  readonly root: Scope = new Scope("root");
  /** What was current where the session began: settle callbacks run there. */
  readonly outside: Frame | undefined;
  /** Settle callbacks that are due when the session has ended, in order. */
  readonly due: SettleCallback[] = [];
  readonly streams: Set<RowStream> = new Set();
  /** Makes the error for whoever comes when the session has ended. */
  closed: (() => DbError) | undefined;
  /** True once the session's connection and callbacks were seen to. */
  hasEnded = false;
  /** True when `onEvent` was told that it began, and must be told that it ended; hooks' sessions are not told. */
  isTold = false;
  /** Told when it has ended: for a session that is open by hand. */
  onEnd: (() => void) | undefined;
  /** True when a signal or a deadline of the session's may cancel what is in flight. */
  isBounded = false;
  #lease: Pick<Lease<Link>, "id" | "connection" | "isReused" | "release" | "detach"> | undefined;
  #isUsed = false;

  constructor(host: Host, parent: Owner | undefined, begin: BeginOptions | undefined) {
    this.host = host;
    this.parent = parent;
    this.outside = host.context.current();
    this.transaction = new Transaction(begin);
  }

  /** Number of the connection in its pool; 0 for one that is not the pool's. */
  get connection(): number {
    return this.#lease?.id ?? 0;
  }

  get link(): Link | undefined {
    return this.#lease?.connection;
  }

  /** The connection; taken from the pool at first use. */
  connect(signal: AbortSignal | undefined, usePool = true): MaybePromise<Link> {
    return this.link ?? this.#acquire(signal, usePool);
  }

  async #acquire(signal: AbortSignal | undefined, usePool: boolean): Promise<Link> {
    const { pool } = await this.host.source();
    this.#lease = await pool.acquire({ owner: this, usePool, signal });
    this.#isUsed = this.#lease.isReused;
    return this.#lease.connection;
  }

  /** Takes a connection that somebody else owns: it is never pooled nor closed from here. */
  adopt(link: Link): void {
    this.#lease = { id: 0, connection: link, isReused: false, release: () => undefined, detach: () => link };
  }

  /** Gives the connection back: to the pool when it is proven idle, clean and healthy, else to be closed. */
  release(really = false): void {
    const lease = this.#lease;
    this.#lease = undefined;
    this.transaction.end();
    if (lease === undefined) return;
    const { state, isReusable } = lease.connection.driver;
    lease.release({ broken: state !== "idle", dirty: really || !isReusable });
  }

  /** Gives the connection away for good. */
  detach(): Link | undefined {
    const link = this.#lease?.detach();
    this.#lease = undefined;
    this.transaction.end();
    return link;
  }

  /** The connection is of no more use, and the transaction that was open on it is lost. */
  drop(error: unknown): void {
    this.transaction.lose(error);
    this.#lease?.release({ broken: true });
    this.#lease = undefined;
  }

  /**
   * Takes note that a flight was lost.
   *
   * @returns true when the same flight may leave again on another connection: nothing of it was executed, no transaction
   *   was open, and the connection had been alive before.
   */
  replaces(error: unknown): boolean {
    const { driver, source } = this.link!;
    if (driver.state !== "closed") return false;
    const isLost = isDbError(error, "CONNECTION_LOST");
    const isSafe = isLost && error.outcome === "not-executed" && this.transaction.state === "none";
    this.drop(error);
    // One dead connection means that its idle siblings are dead too, most likely: none of them is tried.
    if (isLost) source.pool.invalidate();
    return isSafe && this.#isUsed && this.host.checksConnections;
  }

  emit(event: SessionEvent): void {
    this.host.emit?.(event);
  }
}
