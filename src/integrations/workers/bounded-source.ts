import type { MaybePromise } from "../../contract/adapter.ts";
import type { Clock, WaitUntil } from "../../contract/runtime.ts";
import { DbError, isDbError } from "../../errors.ts";
import type { PoolSource } from "../../pool/source.ts";
import { reasonOf } from "../../signal.ts";

/** setTimeout's longest delay: a longer one would fire at once. */
export const LONGEST_DELAY_MS: number = 2 ** 31 - 1;

/**
 * A source whose calls end in time, each by a timer of the request that makes it: a timer of another may never fire. It also
 * keeps the request alive for them, because nobody awaits a close.
 */
export class BoundedSource<C> implements PoolSource<C> {
  readonly validate?: NonNullable<PoolSource<C>["validate"]>;
  readonly isClosed?: NonNullable<PoolSource<C>["isClosed"]>;
  readonly silentMs?: NonNullable<PoolSource<C>["silentMs"]>;
  readonly #source: PoolSource<C>;
  readonly #name: string;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  #waitUntil: WaitUntil | undefined;
  /** What a request could not close, as the platform sends nothing more for it. */
  readonly #owed: C[] = [];

  /** @param name - of the pool, for messages. */
  constructor(source: PoolSource<C>, name: string, timeoutMs: number, clock: Clock) {
    this.#source = source;
    this.#name = name;
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
    if (source.silentMs) this.silentMs = (connection) => source.silentMs!(connection);
    if (source.isClosed) this.isClosed = (connection) => source.isClosed!(connection);
    if (!source.validate) return;
    this.validate = (connection, options) =>
      this.#call((signal) => source.validate!(connection, { signal }), options.signal);
  }

  /** Runs a step that awaits nothing, and reports the calls it makes to `caller`. */
  for<T>(caller: { readonly waitUntil?: WaitUntil | undefined } | undefined, step: () => T): T {
    const before = this.#waitUntil;
    this.#waitUntil = caller?.waitUntil;
    try {
      return step();
    } finally {
      this.#waitUntil = before;
    }
  }

  /** A step to be run later, for the caller of now. */
  bind<T>(step: (value: T) => void): (value: T) => void {
    const caller = { waitUntil: this.#waitUntil };
    return (value) => this.for(caller, () => step(value));
  }

  open(options: { signal: AbortSignal }): Promise<C> {
    const source = this.#source;
    return this.#call(
      (signal) => source.open({ signal }),
      options.signal,
      (late) => source.close(late),
    );
  }

  async close(connection: C): Promise<void> {
    try {
      await this.#call(() => this.#source.close(connection));
    } catch (error) {
      if (isDbError(error, "CONNECT_FAILED") && !error.retryable) this.#owed.push(connection);
      throw error;
    }
  }

  /** Closes in this request what another could not. */
  settle(): void {
    for (const connection of this.#owed.splice(0)) void this.close(connection).catch(() => undefined);
  }

  /** @param discard - receives a result that comes too late. */
  #call<T>(
    work: (signal: AbortSignal) => MaybePromise<T>,
    outer?: AbortSignal,
    discard?: (late: T) => unknown,
  ): Promise<T> {
    const controller = new AbortController();
    const { signal } = controller;
    const calling = new Promise<T>((resolve, reject) => {
      const giveUp = (reason: unknown): void => {
        this.#clock.clearTimeout(timer);
        reject(reason);
        controller.abort(reason);
      };
      const onTimeout = (): void => {
        const message = `no answer in ${this.#timeoutMs} ms. Is the server up? If so, raise openTimeoutMs.`;
        giveUp(new DbError("CONNECT_FAILED", message, { adapter: this.#name }, { retryable: true }));
      };
      const timer = this.#clock.setTimeout(onTimeout, Math.min(this.#timeoutMs, LONGEST_DELAY_MS));
      outer?.addEventListener("abort", () => giveUp(reasonOf(outer)));
      void (async () => work(signal))()
        .then((value) => (signal.aborted ? discard?.(value) : resolve(value)))
        // The outcome of one that came too late is not reported.
        .catch(reject)
        .finally(() => this.#clock.clearTimeout(timer));
    });
    this.#waitUntil?.(calling.catch(() => undefined));
    return calling;
  }
}
