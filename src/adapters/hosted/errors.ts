import { DbError } from "../../errors.ts";
import { failuresOf } from "../shared/failures.ts";
import { platformRefusal } from "../shared/platform.ts";
import { refusal } from "../shared/refusal.ts";

const { failed, gone, unknown } = failuresOf("hosted");

export function closed(): DbError {
  return gone("this connection was closed");
}

/**
 * What it means that a call to the object failed.
 *
 * @param isKept - something of it stays, though no answer came.
 * @param isDone - its answer came, but not all of the rows.
 */
export function lossOf(
  cause: unknown,
  isKept: boolean,
  isDone: boolean,
): { readonly loss: DbError; readonly isUnsent: boolean } {
  const text = String(cause);
  const refused = platformRefusal(cause);
  if (/limited to 32 ?MiB/.test(text))
    return { loss: refusal("a flight to a pool host takes at most 32 MiB: send it in parts", ""), isUnsent: true };
  if (refused) return { loss: failed("CONNECT_FAILED", refused, { retryable: true, cause }), isUnsent: true };
  // All of these say that it was never handed to the object.
  if (isOverloaded(cause) && /queued|too many requests/i.test(text)) {
    const message = "the object is overloaded. Retry later, or spread its sessions over more `shards`.";
    const loss = new DbError("POOL_FULL", message, { maxWaiting: Infinity }, { retryable: true, cause });
    return { loss, isUnsent: false };
  }
  if (/does not (implement|support)/.test(text)) {
    const message =
      "the object has no seats: does its class extend PoolHost, with a compatibility date from 2024-04-03 on?";
    return { loss: failed("CONNECT_FAILED", message, { cause }), isUnsent: true };
  }
  const message = "the pool host is gone, and what was open in it is rolled back";
  if (isDone && isKept)
    return { loss: failed("CONNECTION_LOST", message, { outcome: "executed", cause }), isUnsent: false };
  return { loss: (isKept ? unknown : gone)(message, cause), isUnsent: false };
}

/** Cloudflare's own mark, on errors of a Durable Object that has too much to do. */
function isOverloaded(cause: unknown): boolean {
  return (Object(cause) as { overloaded?: unknown }).overloaded === true;
}
