import type { MaybePromise } from "../../contract/adapter.ts";
import type { Clock } from "../../contract/runtime.ts";
import { DbError } from "../../errors.ts";
import type { PoolSource } from "../../pool/source.ts";

export interface Bounds {
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Of the pool, for messages. */
  readonly name: string;
  /** Told each call's promise, which never rejects, when it begins. */
  readonly onCall: (calling: Promise<unknown>) => void;
}

/** A source whose calls end in time, each by a timer of the request that makes it: a timer of another may never fire. */
export function boundedSource<C>(source: PoolSource<C>, bounds: Bounds): PoolSource<C> {
  const bounded: PoolSource<C> = {
    open: ({ signal: outer }) =>
      call(
        bounds,
        (signal) => source.open({ signal }),
        outer,
        (late) => source.close(late),
      ),
    close: (connection) => call(bounds, () => source.close(connection)),
  };
  const validate = source.validate?.bind(source);
  if (!validate) return bounded;
  return {
    ...bounded,
    validate: (connection, { signal: outer }) => call(bounds, (signal) => validate(connection, { signal }), outer),
  };
}

/** @param discard - told what comes too late. */
function call<T>(
  { timeoutMs, clock, name, onCall }: Bounds,
  work: (signal: AbortSignal) => MaybePromise<T>,
  outer?: AbortSignal,
  discard?: (late: T) => unknown,
): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const calling = new Promise<T>((resolve, reject) => {
    const giveUp = (reason: unknown): void => {
      reject(reason);
      controller.abort(reason);
    };
    const onTimeout = (): void => {
      const message = `no answer in ${timeoutMs} ms. Is the server there? Else raise openTimeoutMs.`;
      giveUp(new DbError("CONNECT_FAILED", message, { adapter: name }, { retryable: true }));
    };
    const timer = clock.setTimeout(onTimeout, timeoutMs);
    outer?.addEventListener("abort", () => giveUp(outer.reason));
    void (async () => work(signal))()
      .then((value) => (signal.aborted ? discard?.(value) : resolve(value)), reject)
      .finally(() => clock.clearTimeout(timer));
  });
  onCall(calling.catch(() => undefined));
  return calling;
}
