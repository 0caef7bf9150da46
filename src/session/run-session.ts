import type { BeginOptions } from "../contract/adapter.ts";
import type { Owner } from "../contract/events.ts";
import type { DeadlineOptions } from "./deadline.ts";
import { retrying, type RetryOptions } from "./retry.ts";
import { Session } from "./session.ts";
import type { Host } from "./host.ts";

export interface SessionOptions extends BeginOptions, DeadlineOptions {
  /** Whether its statements are one transaction, begun with the first of them. Default true. */
  readonly transaction?: boolean | undefined;
  /** How often the work is done again when it lost a race: serialization failure, deadlock, BUSY. Default 0. */
  readonly retry?: number | RetryOptions | undefined;
  /** Told the promise of the whole session, which never rejects: keeps a Worker's request alive until it has ended. */
  readonly waitUntil?: ((promise: Promise<unknown>) => void) | undefined;
}

/** Runs `work` in a session of its own, once or, with `retry`, until it does not lose the race. */
export function runSession<T>(
  host: Host,
  parent: Owner | undefined,
  work: (session: Session) => T | Promise<T>,
  options: SessionOptions,
): Promise<T> {
  const running = attempts(host, parent, work, options);
  options.waitUntil?.(running.then(ignore, ignore));
  return running;
}

async function attempts<T>(
  host: Host,
  parent: Owner | undefined,
  work: (session: Session) => T | Promise<T>,
  options: SessionOptions,
): Promise<T> {
  if (typeof work !== "function") throw new TypeError(`Expected the work to be a function, got \`${typeof work}\``);
  let session: Session | undefined;
  return retrying(
    options.retry,
    host.clock,
    options.signal,
    () => {
      session = Session.start(host, parent, options);
      return session.run(work, options);
    },
    (attempt, delayMs, error) => session?.unit.emit({ type: "retry", session: session.unit.id, attempt, delayMs, error }),
  );
}

function ignore(): void {}
