import type { BeginOptions, RowStream } from "../contract/adapter.ts";
import type { Frame } from "../contract/context.ts";
import type { Owner } from "../contract/events.ts";
import type { WaitUntil } from "../contract/runtime.ts";
import { DbError, isDbError } from "../errors.ts";
import type { Lease } from "../pool/pool.ts";
import { Command } from "./command.ts";
import { bounded } from "./deadline.ts";
import type { Host } from "./host.ts";
import { Line } from "./line.ts";
import type { Link } from "./link.ts";
import { connectionName } from "./names.ts";
import { Scope } from "./scope.ts";
import { Transaction } from "./transaction.ts";

// A rollback that gets no answer must not keep the caller from its own error; the connection is closed then.
const ROLLBACK_TIMEOUT_MS = 5_000;

/** Runs after the outermost settle, with no session bound. */
export type SettleCallback = () => unknown;

export type Ending = "done" | "failed" | "aborted";

let units = 0;

/** What a session and the transactions inside it share: one place in the pool, one connection, one transaction, one end. */
export class Unit {
  readonly id: number = ++units;
  readonly host: Host;
  /** What the pool knows of it, and events tell. */
  readonly owner: Owner;
  readonly transaction: Transaction;
  readonly line: Line = new Line(this);
  readonly root: Scope = new Scope("root");
  readonly streams: Set<RowStream> = new Set();
  /** The first `close()`: others wait for it. Never rejects. */
  closing: Promise<void> | undefined;
  /** Something that it did is there to stay: its work must not be done again. */
  hasKept = false;
  /** It has ended for good: its work is done, or its signal or deadline has come. */
  isSettled = false;
  /** Keeps the request alive for what the pool does on its behalf. */
  waitUntil: WaitUntil | undefined;
  /** Told when it has ended: for a session that is open by hand. */
  onEnd: (() => void) | undefined;
  /** Where the session began: settle callbacks run there. */
  readonly #outside: Frame | undefined;
  /** Sessions of hooks and of detached connections are not told of in events. */
  readonly #isTold: boolean;
  /** Where the session began: the stack of the acquire itself shows nothing of the caller. */
  readonly #stack: string | undefined;
  #callbacks: { readonly scope: Scope; readonly isCommit: boolean; readonly call: SettleCallback }[] = [];
  /** Callbacks that run when the session has ended, in order. */
  #due: SettleCallback[] = [];
  #ending: Promise<void> | undefined;
  #lease: Pick<Lease<Link>, "id" | "connection" | "isReused" | "release" | "detach"> | undefined;

  /** @param link - a connection that is not the unit's own to give back. */
  constructor(host: Host, parent: Owner | undefined, begin: BeginOptions | undefined, link?: Link) {
    this.host = host;
    this.owner = { id: this.id, parent };
    this.#stack = host.stacks ? new Error("begun").stack : undefined;
    this.transaction = new Transaction(begin);
    this.#outside = host.context.current();
    this.#isTold = !link;
    if (link) this.adopt(link);
    else host.emit?.({ type: "session", session: this.id, parent: parent?.id });
  }

  /** Number of the connection in its pool; 0 for one that is not the pool's. */
  get connection(): number {
    return this.#lease?.id ?? 0;
  }

  get link(): Link | undefined {
    return this.#lease?.connection;
  }

  /** Takes a connection from the pool, and runs the hooks on it if it is fresh. */
  async connect(toSignal: () => AbortSignal, usePool: boolean): Promise<Link> {
    const { host } = this;
    const source = await host.source();
    const { pool } = source;
    const wanted = { owner: this.owner, usePool, stack: this.#stack, waitUntil: this.waitUntil };
    const lease = pool.tryAcquire(wanted) ?? (await pool.acquire({ ...wanted, signal: toSignal() }));
    const link = lease.connection;
    this.#lease = lease;
    if (link.isPrepared) return link;
    const signal = toSignal();
    const timeoutMs = host.limits.openTimeoutMs;
    const toError = (reason: unknown): unknown =>
      signal.aborted
        ? reason
        : new DbError("CONNECT_FAILED", `a hook took over ${timeoutMs} ms`, { adapter: source.adapter.name });
    try {
      await bounded({ signal, timeoutMs }, host.clock, () => source.prepare(link, this.owner), toError);
      const { state } = link.driver;
      if (state !== "idle" && state !== "closed") throw new TypeError("Expected hooks to leave no transaction open");
    } catch (error) {
      // Half made, it must not be seen by anybody.
      this.drop(error);
      throw error;
    }
    return link;
  }

  /** Takes a connection that somebody else owns: it is never pooled nor closed from here. */
  adopt(link: Link): void {
    this.#lease = {
      id: 0,
      connection: link,
      isReused: false,
      release: () => (link.isBound = false),
      detach: () => link,
    };
  }

  /** Ends what reads from the connection, and gives it back: the session takes another when it needs one. */
  async giveBack(): Promise<void> {
    await this.#endStreams();
    this.#release(false);
  }

  // To the pool when it is proven idle, clean and healthy, else to be closed.
  #release(really: boolean): void {
    const lease = this.#lease;
    this.#lease = undefined;
    this.transaction.end();
    if (!lease) return;
    const { state, isReusable } = lease.connection.driver;
    lease.release({ broken: state !== "idle", dirty: really || !isReusable });
  }

  /** Gives the connection away for good. */
  detach(): Link | undefined {
    const link = this.#lease?.detach();
    this.streams.clear();
    this.#lease = undefined;
    this.transaction.end();
    return link;
  }

  /** The connection is of no more use, and the transaction that was open on it is lost. */
  drop(error: unknown): void {
    this.transaction.land("closed", false, error);
    this.streams.clear();
    this.#lease?.release({ broken: true });
    this.#lease = undefined;
  }

  /**
   * Takes note that a flight was lost.
   *
   * @returns true when the same flight may leave again on another connection: nothing of it was executed, no transaction
   *   was open, and the connection had been alive before.
   */
  replaces(error: unknown, hadSetup: boolean): boolean {
    const { isReused, connection } = this.#lease!;
    if (connection.driver.state !== "closed" && !hadSetup) return false;
    const isLost = isDbError(error, "CONNECTION_LOST");
    const isSafe = isLost && error.outcome === "not-executed" && this.transaction.state === "none";
    this.drop(error);
    // One dead connection means that its idle siblings are dead too, most likely: none of them is tried.
    if (isLost) connection.source.pool.invalidate(this);
    return isSafe && isReused && this.host.checksConnections;
  }

  /** The error for whoever uses the session, or a transaction inside it, that has ended. */
  closedError(cause?: unknown): DbError {
    const message = "the session or transaction has ended; await its statements before its work returns";
    return new DbError("SESSION_CLOSED", message, { session: connectionName(this) }, { cause });
  }

  async #endStreams(): Promise<void> {
    for (const stream of this.streams) {
      try {
        await stream.return();
      } catch {}
    }
    this.streams.clear();
  }

  /** Rolls back what is open. A failure drops the connection, and is told as an event: the caller's error wins. */
  async rollBack(): Promise<void> {
    if (this.transaction.state === "none") return;
    try {
      await this.line.add(new Command("rollback", this.root, [], () => undefined), { timeoutMs: ROLLBACK_TIMEOUT_MS });
    } catch (error) {
      this.#tellError(error, "rollback");
      this.#release(true);
    }
  }

  /** Ends the session, once, on every path; whoever comes second waits for the first. */
  end(ending: Ending, really = false): Promise<void> {
    return this.#ending?.catch(() => undefined) ?? (this.#ending = this.#end(ending, really));
  }

  // Rolls back what is undecided, gives the connection back, runs the settle callbacks.
  async #end(ending: Ending, really: boolean): Promise<void> {
    this.root.end ??= {};
    this.line.abort(this.root, () => this.closedError());
    await this.line.idle();
    await this.rollBack();
    await this.#endStreams();
    this.decide(this.root, false);
    this.#release(really);
    this.onEnd?.();
    if (this.#isTold) this.host.emit?.({ type: "end", session: this.id, outcome: ending });
    // A callback that closes the session once more does not wait for itself.
    this.closing = undefined;
    await this.#settle(ending);
  }

  /** A session that was closed by hand goes on. */
  revive(): void {
    this.root.end = this.closing = this.#ending = undefined;
  }

  calls(scope: Scope, isCommit: boolean, call: SettleCallback): void {
    this.#callbacks.push({ scope, isCommit, call });
  }

  /** What was done within a scope is there to stay, or taken back: its callbacks of that kind are due, the others forgotten. */
  decide(scope: Scope, isCommit: boolean): void {
    this.#callbacks = this.#callbacks.filter((callback) => {
      const isMeant = scope.holds(callback.scope);
      if (isMeant && callback.isCommit === isCommit) this.#due.push(callback.call);
      return !isMeant;
    });
  }

  tell(type: "begin" | "commit" | "rollback"): void {
    this.host.emit?.({ type, session: this.id });
  }

  // All callbacks run; the first failure is the caller's to see, unless it has an error of its own already.
  async #settle(ending: Ending): Promise<void> {
    const failures: unknown[] = [];
    for (const callback of this.#due.splice(0)) {
      try {
        await this.host.context.run(this.#outside, callback);
      } catch (error) {
        failures.push(error);
        this.#tellError(error, "callback");
      }
    }
    if (failures.length > 0 && ending === "done") throw failures[0];
  }

  #tellError(error: unknown, during: "rollback" | "callback"): void {
    this.host.emit?.({ type: "error", session: this.id, error, during });
  }
}
