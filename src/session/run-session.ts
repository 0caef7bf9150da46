import type { BeginOptions } from "../contract/adapter.ts";
import type { Owner } from "../contract/events.ts";
import type { WaitUntil } from "../contract/runtime.ts";
import { isDbError } from "../errors.ts";
import { checkNumber } from "../pool/options.ts";
import { arm, type DeadlineOptions } from "./deadline.ts";
import { runScope } from "./run-scope.ts";
import { checkWork, Session, type Work } from "./session.ts";
import type { Host } from "./host.ts";
import type { Ending } from "./unit.ts";

export interface RetryOptions {
  /** How often the work is done again after a failure. Integer >= 0. */
  readonly retries: number;
  /** Longest wait before the first retry, in milliseconds; it doubles with each. Default 50. */
  readonly delayMs?: number;
  /** Longest wait before any retry, in milliseconds. Default 2_000. */
  readonly maxDelayMs?: number;
}

export interface SessionOptions extends BeginOptions, DeadlineOptions {
  /** Whether its statements are one transaction, begun with the first of them. Default true. */
  readonly transaction?: boolean | undefined;
  /**
   * How often the work is done again when it lost a race: serialization failure, deadlock, BUSY. Each attempt has `timeoutMs`
   * for itself; the signal ends them all. Nothing is done again once a part of it was committed. Default 0.
   */
  readonly retry?: number | RetryOptions | undefined;
  /** Told the promise of the whole session, which never rejects: keeps a Worker's request alive until it has ended. */
  readonly waitUntil?: WaitUntil | undefined;
}

/** Runs `work` in a session of its own, once or, with `retry`, until it does not lose the race. */
export function runSession<T>(
  host: Host,
  parent: Owner | undefined,
  work: Work<T>,
  options: SessionOptions,
): Promise<T> {
  const running = attempts(host, parent, work, options);
  (options.waitUntil ?? host.waitUntil)?.(running.catch(() => undefined));
  return running;
}

async function attempts<T>(host: Host, parent: Owner | undefined, work: Work<T>, options: SessionOptions): Promise<T> {
  const { retry = 0, signal } = options;
  checkWork(work);
  const { retries, delayMs = 50, maxDelayMs = 2_000 } = typeof retry === "object" ? retry : { retries: retry };
  checkNumber("retry", retries);
  checkNumber("delayMs", delayMs);
  checkNumber("maxDelayMs", maxDelayMs);
  for (let attempt = 1; ; attempt++) {
    const session = Session.begin(host, parent, options);
    try {
      return await runOnce(session, work, options);
    } catch (error) {
      const isSafe = isDbError(error) && error.retryable && error.outcome !== "unknown" && !session.unit.hasKept;
      if (attempt > retries || !isSafe || signal?.aborted) throw error;
      // Full jitter: losers of one race do not meet again.
      const pauseMs = Math.random() * Math.min(maxDelayMs, delayMs * 2 ** (attempt - 1));
      host.emit?.({ type: "retry", session: session.unit.id, attempt, delayMs: pauseMs, error });
      await new Promise((resolve) => arm({ signal, timeoutMs: pauseMs }, "session", host.clock, resolve));
      signal?.throwIfAborted();
    }
  }
}

async function runOnce<T>(session: Session, work: Work<T>, options: SessionOptions): Promise<T> {
  const { unit } = session;
  let ending: Ending = "failed";
  try {
    const value = await runScope(session, work, options);
    ending = "done";
    return value;
  } catch (error) {
    if (options.signal?.aborted || isDbError(error, "QUERY_TIMEOUT")) ending = "aborted";
    throw error;
  } finally {
    await unit.end(ending);
  }
}
