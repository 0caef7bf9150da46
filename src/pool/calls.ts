import type { MaybePromise } from "../contract/adapter.ts";
import { DbError } from "../errors.ts";
import type { CheckedPoolOptions } from "./options.ts";
import type { Tell } from "./teller.ts";
import type { Watch } from "./watch.ts";

type During = "open" | "validate" | "close";

/** A call that is under way. It takes up a place in the pool for that time. */
interface Call {
  readonly during: During;
  since: number;
  readonly abort: (reason: unknown) => void;
}

/** What follows when a call ends. */
export interface Then<T> {
  done?(value: T): void;
  failed?(error: unknown): void;
  /** Called with the result of a call that was given up: the pool no longer counts on it. */
  late?(value: T): void;
}

/** A pool, as its calls know it. */
export interface Caller<Asker> {
  readonly name: string;
  pump(asker?: Asker): void;
}

/** The calls into a pool's source: each is aborted when it takes too long. */
export class Calls<Asker> {
  readonly under: Record<During, number> = { open: 0, validate: 0, close: 0 };
  readonly #caller: Caller<Asker>;
  readonly #options: CheckedPoolOptions;
  readonly #watch: Watch;
  readonly #tell: Tell;
  readonly all: Set<Call> = new Set<Call>();
  /** The latest open was cut short, or took longer than a caller waits: the next one is given its whole time. */
  #isSlow = false;

  constructor(caller: Caller<Asker>, options: CheckedPoolOptions, watch: Watch, tell: Tell) {
    this.#caller = caller;
    this.#options = options;
    this.#watch = watch;
    this.#tell = tell;
  }

  /** @param asker - the waiter it is begun for, if any. */
  begin<T>(
    during: During,
    work: (options: { signal: AbortSignal }) => MaybePromise<T>,
    then: Then<T>,
    asker?: Asker,
  ): void {
    const controller = new AbortController();
    const { signal } = controller;
    const end = (next: () => void): void => {
      this.under[during]--;
      const isLong = this.#watch.read() - call.since >= this.#options.acquireTimeoutMs;
      if (during === "open") this.#isSlow = isLong && !this.#isSlow;
      next();
      this.#caller.pump(asker);
    };
    const answered = (value: T): void => {
      if (this.all.delete(call)) end(() => then.done?.(value));
      else then.late?.(value);
    };
    const fell = (error: unknown): void => {
      if (!this.all.delete(call)) return;
      end(() => {
        this.#tell?.({ type: "error", error, during });
        then.failed?.(error);
      });
    };
    const abort = (reason: unknown): void => {
      fell(reason);
      controller.abort(reason);
    };
    // A reading of its own: releases in a row go without one.
    const call: Call = { during, since: this.#watch.read(), abort };
    this.all.add(call);
    this.under[during]++;
    this.#watch.expect(call.since + this.#limitMs(true));
    void (async () => work({ signal }))().then(answered, fell);
  }

  /** Gives up opens and validations. */
  abort(error: unknown): void {
    for (const call of this.all) if (call.during !== "close") call.abort(error);
  }

  /**
   * Gives up calls that take too long.
   *
   * @param first - since when those wait for whom nothing else can be done; `undefined`: there are none.
   * @returns when to look again.
   */
  overdue(first: { readonly since: number } | undefined): number {
    const { now } = this.#watch;
    let dueAt = Infinity;
    for (const { during, since, abort } of this.all) {
      // Its callers are gone.
      const limitMs = this.#limitMs(first !== undefined && first.since > since);
      if (now < since + limitMs) dueAt = Math.min(dueAt, since + limitMs);
      else {
        const message = `${during} took over ${limitMs} ms. Is the server up? If so, raise openTimeoutMs and acquireTimeoutMs.`;
        abort(new DbError("CONNECT_FAILED", message, { adapter: this.#caller.name }, { retryable: true }));
      }
    }
    return dueAt;
  }

  // One that hangs must not keep its place from one round of callers after another. A server that needs longer than a caller
  // waits is reached all the same: of two opens in a row, the second is not cut short.
  #limitMs(isInTheWay: boolean): number {
    const { openTimeoutMs, acquireTimeoutMs } = this.#options;
    return isInTheWay && !this.#isSlow ? Math.min(openTimeoutMs, acquireTimeoutMs || Infinity) : openTimeoutMs;
  }
}
