import type { ErrorDetails, QueryFailureKind } from "../../errors.ts";

/** What SQLite's message tells. */
export type Failure = Pick<
  ErrorDetails["QUERY_FAILED"],
  "kind" | "dialectCode" | "extendedCode" | "table" | "columns" | "constraint"
>;

const FAILURES: readonly (readonly [RegExp, QueryFailureKind, string])[] = [
  [/syntax error$|^incomplete input|^unrecognized/, "syntax", "ERROR"],
  [/^database is locked|in progress$/, "busy", "BUSY"],
  [/is locked/, "busy", "LOCKED"],
  [/readonly database/, "permission", "READONLY"],
  [/^not authorized|prohibited$/, "permission", "AUTH"],
  [/^interrupted/, "timeout", "INTERRUPT"],
  [/ is malformed$/, "other", "CORRUPT"],
  [/^datatype mismatch$/, "other", "MISMATCH"],
  [/^no such (table|column|function)/, "other", "ERROR"],
];
const CONSTRAINT =
  /(?:^|: )(?:(UNIQUE|FOREIGN KEY|NOT NULL|CHECK) constraint failed(?:: (.*))?|cannot store \w+ value in \w+ column (.*))$/s;

/** Tells a failure by SQLite's message; `undefined` when that is not one of its own that are known to hold no values. */
export function toFailure(message: string): Failure | undefined {
  const found = CONSTRAINT.exec(message);
  if (!found) {
    const known = FAILURES.find(([pattern]) => pattern.test(message));
    return known && { kind: known[1], dialectCode: `SQLITE_${known[2]}` };
  }
  // A value of the wrong type in a STRICT table breaks what its column demands.
  const [, type = "CHECK", subject = "", column] = found;
  return {
    // The words are those of QueryFailureKind.
    kind: type.toLowerCase().replace(" ", "-") as QueryFailureKind,
    dialectCode: "SQLITE_CONSTRAINT",
    // Not of UNIQUE: that may be a primary key.
    ...(type !== "UNIQUE" && { extendedCode: `SQLITE_CONSTRAINT_${column ? "DATATYPE" : type.replace(" ", "")}` }),
    ...toSubject(type === "CHECK" ? subject : /^index '(.+)'$/.exec(subject)?.[1], column ?? subject),
  };
}

/** What is broken: a CHECK by its name or text, an index over expressions, or columns of one table: `item.shelf, item.place`. */
function toSubject(constraint: string | undefined, subject: string): Partial<Failure> {
  if (constraint) return { constraint };
  const [first, ...rest] = subject.split(", ").map((name) => name.split("."));
  // Names with dots or commas in them cannot be told apart.
  if ([first!, ...rest].some(({ length, 0: table }) => length !== 2 || table !== first![0])) return {};
  return { table: first![0]!, columns: [first!, ...rest].map(([, column]) => column!) };
}
