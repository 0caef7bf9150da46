// For users who name no such `lib`.
/// <reference lib="esnext.disposable" preserve="true" />

import type { Owner } from "../contract/events.ts";
import type { WaitUntil } from "../contract/runtime.ts";
import type { Entry } from "./entry.ts";
import { disposable } from "../dispose.ts";

/** Where something was acquired. V8 writes the text of an Error's stack when it is read, which costs more than the Error. */
export type Stack = string | Error | undefined;

export function textOf(stack: Stack): string | undefined {
  return (stack as Error | undefined)?.stack ?? (stack as string | undefined);
}

export interface AcquireOptions {
  /** Ends the wait early and gives up the place in line. */
  readonly signal?: AbortSignal | undefined;
  /** Called if the caller has to wait, with a function that ends the wait. Cheaper than creating a signal. */
  readonly onWait?: ((giveUp: (reason: unknown) => void) => void) | undefined;
  /** Longest wait in milliseconds; 0 = fail at once. Default `acquireTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
  /** Who will hold the connection: reported in events, and followed to find deadlocks. */
  readonly owner?: Owner | undefined;
  /** Where it was requested, if the stack of the call does not show it. */
  readonly stack?: Stack;
  /** `false`: opens a new connection, never lends a used one. Default `true`. */
  readonly usePool?: boolean | undefined;
  /** Told what the pool does for this caller and nobody awaits: closes. Where a request can be cut off, keeps it alive. */
  readonly waitUntil?: WaitUntil | undefined;
}

export interface ReleaseOptions {
  /** The connection no longer works: it is closed. */
  readonly broken?: boolean | undefined;
  /** With `broken`, the error of a server that has refused it only now, though its open had succeeded: the next opens are throttled. */
  readonly refusal?: unknown;
  /** The connection works, but the next holder would see state of this one: it is closed. */
  readonly dirty?: boolean | undefined;
}

/** One connection, lent to one caller; `using lease = …` releases it at the end of the block. */
export interface Lease<C> extends Disposable {
  readonly connection: C;
  /** Number of the connection, counted from 1 in its pool. */
  readonly id: number;
  /** It was lent before: it may have died while idle. */
  readonly isReused: boolean;
  /**
   * Returns the connection, to be lent again or closed. Call it once, on every path.
   *
   * @throws Error when the lease was released or detached before.
   */
  release(options?: ReleaseOptions): void;
  /** Takes the connection out of the pool: the caller now owns it and must close it. Its place is freed. */
  detach(): C;
}

/** How most leases end. */
const SOUND: ReleaseOptions = {};

/** A pool, as its leases know it. */
export interface Lender<C> {
  takeBack(entry: Entry<C>, options: ReleaseOptions): void;
  letGo(entry: Entry<C>): void;
}

export class PoolLease<C> implements Lease<C> {
  readonly #entry: Entry<C>;
  readonly #use: number;

  constructor(entry: Entry<C>) {
    this.#entry = entry;
    this.#use = entry.uses;
  }

  get connection(): C {
    return this.#entry.connection;
  }

  get id(): number {
    return this.#entry.id;
  }

  get isReused(): boolean {
    return this.#use > 1;
  }

  release(options?: ReleaseOptions): void {
    this.#end();
    this.#entry.lender.takeBack(this.#entry, options ?? SOUND);
  }

  detach(): C {
    this.#end();
    this.#entry.lender.letGo(this.#entry);
    return this.#entry.connection;
  }

  declare readonly [Symbol.dispose]: () => void;
  static {
    disposable(this, function () {
      this.release();
    });
  }

  // Each use of a connection has a number: an old lease cannot affect the current holder.
  #end(): void {
    const entry = this.#entry;
    if (!entry.isLent || entry.uses !== this.#use)
      throw new Error("This lease has ended already: release it once, on every path.");
    entry.isLent = false;
  }
}

/** Begins a lease. */
export function lend<C>(entry: Entry<C>, options: AcquireOptions | undefined, stack: Stack, now: number): PoolLease<C> {
  entry.uses++;
  entry.isLent = true;
  entry.leasedAt = now;
  entry.owner = options?.owner;
  entry.stack = stack;
  return new PoolLease(entry);
}
