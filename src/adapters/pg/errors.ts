import type { DbError } from "../../errors.ts";
import { type Failures, failuresOf } from "../shared/failures.ts";
import { platformRefusal } from "../shared/platform.ts";

export const failures: Failures = failuresOf("postgres");

/** PostgreSQL's own codes, and what poolers and drivers say without one. */
const REFUSED = /authentication|password|SASL|SCRAM|role .* does not exist|no such user|no pg_hba|not authorized/i;
/** Which the next attempt would meet as well: by SQLSTATE, by the codes of Node's TLS, or in words. */
const FINAL = /^(3D|42)|CERT|TLS|EPROTO|UNABLE_TO_|does not exist|no such database|\bSSL\b|certificate/i;

/** What a refusal at the start means. */
export function toConnectError(words: string, code: string | undefined): DbError {
  const cause = new Error(code ? `${code}: ${words}` : words);
  const { failed } = failures;
  if (code?.startsWith("28") || (!FINAL.test(code ?? "") && REFUSED.test(words)))
    return failed("AUTH_FAILED", `${words}: are user and password right?`, { cause });
  const isFinal = FINAL.test(code ?? "") || FINAL.test(words) || platformRefusal(words) !== undefined;
  return failed("CONNECT_FAILED", words, { cause, retryable: !isFinal });
}

/** The words of whatever a driver or a socket has thrown, without secrets: not all of them throw errors. */
export function wordsOf(thrown: unknown, secret: string | undefined): string {
  const { message, errors, code } = Object(thrown) as {
    message?: unknown;
    errors?: readonly { message?: unknown }[];
    code?: unknown;
  };
  // One for each address that a name has.
  const told = message || errors?.[0]?.message || code || (typeof thrown === "string" && thrown);
  const words = typeof told === "string" ? told : "the connection failed without a reason";
  return secret ? words.replaceAll(secret, "…").replaceAll(encodeURIComponent(secret), "…") : words;
}
