import type { Statement } from "../../contract/statement.ts";
import { DbError, type Outcome, type QueryFailureKind } from "../../errors.ts";
import { type Failures, failuresOf, transactionLost } from "../shared/failures.ts";
import { scrub } from "../shared/scrub.ts";
import { toFailure } from "../sqlite/failure.ts";
import { bind, valuesOf } from "./values.ts";
import { findPosition, OFFSET } from "./position.ts";
import type { WireError } from "./wire.ts";

const failures: Failures = failuresOf("libsql");
export const failed: Failures["failed"] = failures.failed;
export const gone: Failures["gone"] = failures.gone;
export const unknown: Failures["unknown"] = failures.unknown;

/** Codes that are not SQLite's, or tell more than its message; the first that fits. */
const KINDS: readonly (readonly [RegExp, QueryFailureKind])[] = [
  [/^SQL_(PARSE|NO_|MANY_)/, "syntax"],
  [/^ARGS_/, "parameter"],
  [/BUSY_SNAPSHOT/, "serialization"],
  [/^BLOCKED|^SQLITE_(AUTH|PERM|READONLY)/, "permission"],
  [/^TRANSACTION_BUSY|^SQLITE_(BUSY|LOCKED)/, "busy"],
  [/^SQLITE_INTERRUPT/, "timeout"],
];

/** Whether a batch was refused before any of it ran. */
export function isRefused({ code }: WireError): boolean {
  return /^SQL_(PARSE_ERROR|(NO|MANY)_STATEMENT)/.test(code ?? "");
}

/** What the server said about a statement. */
export function toDbError(error: WireError, statement: Statement, outcome?: Outcome): DbError {
  const { text: sql } = statement;
  const { code, extended_code: extended } = error;
  // sqld and the client each put words, or the code, before SQLite's own message.
  const message = error.message.replace(
    /^((SQL(?:ITE)?_\w+|SQLite (input )?error|SQL (input error|string could not be parsed)): )+/,
    "",
  );
  if (code === "TRANSACTION_TIMEOUT")
    return transactionLost(sql, new Error("TRANSACTION_TIMEOUT: another writer waited for too long"));
  const failure = toFailure(message.replace(OFFSET, ""));
  const isUnsupported = /unsupported statement/.test(message);
  const kind = isUnsupported
    ? "other"
    : (KINDS.find(([codes]) => codes.test(extended ?? "") || codes.test(code ?? ""))?.[1] ?? failure?.kind ?? "other");
  const isTooLarge = code === "RESPONSE_TOO_LARGE";
  const shown = failure
    ? message
    : isUnsupported
      ? "the server does not support this statement"
      : isTooLarge
        ? "the answer is larger than the server sends at once: read it with stream()"
        : scrub(message, valuesOf(bind(statement)));
  const position = kind === "syntax" ? findPosition(message, sql) : undefined;
  const finest = [extended, code].find((each) => each && /^SQLITE_[A-Z]+_/.test(each));
  const details = {
    ...failure,
    kind,
    sql,
    dialectCode: code ?? failure?.dialectCode,
    ...(finest && { extendedCode: finest }),
  };
  return new DbError("QUERY_FAILED", shown, position === undefined ? details : { ...details, position }, {
    cause: new Error(`${extended ?? code ?? "error"}: ${shown}`),
    retryable: kind === "busy" || kind === "serialization",
    // What an OR FAIL had changed before it failed stays.
    outcome: outcome ?? (isTooLarge ? "executed" : /\bfail\b/i.test(sql) ? "unknown" : "not-executed"),
  });
}

/** A write in a transaction that may only read, refused here: libSQL takes READONLY for DEFERRED. */
export function readOnly(sql: string): DbError {
  const details = { kind: "permission", sql, dialectCode: undefined } as const;
  return new DbError("QUERY_FAILED", "this transaction is read only: begin it with `read write`", details);
}
