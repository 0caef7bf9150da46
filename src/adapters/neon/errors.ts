import { DbError } from "../../errors.ts";
import { type Failures, failuresOf } from "../shared/failures.ts";

export const failures: Failures = failuresOf("neon");
export const failed: Failures["failed"] = failures.failed;
export const gone: Failures["gone"] = failures.gone;
export const unknown: Failures["unknown"] = failures.unknown;

export function unsupported(wanted: string): DbError {
  return new DbError("TRANSACTION_UNSUPPORTED", `neon has no ${wanted}`, { adapter: "neon", wanted });
}

// The server has no room, or is not up yet: by PostgreSQL, and by Neon's proxy, proxy/src/serverless/backend.rs.
const NO_ROOM =
  /too many (clients|connection)|connection slots|starting up|not yet accepting|could(n't| not) connect to (compute|postgres)|failed to acquire permit|control plane/i;

/** Whether these words say that nothing was executed, because there is no room now. */
export function saysNoRoom(words: string): boolean {
  return NO_ROOM.test(words);
}

/**
 * What a refusal at the start means. Neon's proxy tells them all by one SQLSTATE over WebSocket, and by none over HTTP: the
 * words decide.
 */
export function toConnectError(words: string, cause?: Error): DbError {
  if (/authentication|jwt|token|signature|invalid compact form|role .* does not exist|no pg_hba/i.test(words))
    return failed("AUTH_FAILED", `${words}: are endpoint, user and password right?`, { cause });
  const isFinal = /does not exist|exceeded|quota|not found|permission denied|subrequests/i.test(words);
  return failed("CONNECT_FAILED", words, { cause, retryable: !isFinal });
}

/** The words of whatever a WebSocket, a fetch or the driver has thrown: not all of them throw errors. */
export function messageOf(thrown: unknown, what = "WebSocket"): string {
  const { message, error } = Object(thrown) as { message?: unknown; error?: { message?: unknown } };
  const words = message || error?.message;
  return typeof words === "string" ? words : `the ${what} failed without a reason`;
}

/** Takes secrets out of what others say. */
export function redact(words: string, secrets: readonly (string | undefined)[]): string {
  return secrets.reduce<string>(
    (rest, secret) => (secret ? rest.replaceAll(secret, "…").replaceAll(encodeURIComponent(secret), "…") : rest),
    words,
  );
}
