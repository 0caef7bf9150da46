import type { QueryFailureKind } from "../../errors.ts";

/** What SQLite's message tells. */
export interface Failure {
  readonly kind: QueryFailureKind;
  /** SQLite's own name, as far as the message makes it certain: `"SQLITE_CONSTRAINT"`. */
  readonly dialectCode: string;
}

const FAILURES: readonly (readonly [RegExp, QueryFailureKind, string])[] = [
  [/syntax error$|^incomplete input|^unrecognized/, "syntax", "ERROR"],
  [/^database is locked|in progress$/, "busy", "BUSY"],
  [/is locked/, "busy", "LOCKED"],
  [/readonly database/, "permission", "READONLY"],
  [/^not authorized|prohibited$/, "permission", "AUTH"],
  [/^interrupted/, "timeout", "INTERRUPT"],
  [/^no such (table|column|function)/, "other", "ERROR"],
];

/** Tells a failure by SQLite's message; `undefined` when that is not one of its own that are known to hold no values. */
export function toFailure(message: string): Failure | undefined {
  const constraint = /(UNIQUE|FOREIGN KEY|NOT NULL|CHECK) constraint failed/.exec(message)?.[1];
  // The words are those of QueryFailureKind.
  const kind = constraint?.toLowerCase().replace(" ", "-") as QueryFailureKind | undefined;
  if (kind) return { kind, dialectCode: "SQLITE_CONSTRAINT" };
  const known = FAILURES.find(([pattern]) => pattern.test(message));
  return known && { kind: known[1], dialectCode: `SQLITE_${known[2]}` };
}
