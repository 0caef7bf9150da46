import type { Adapter } from "../contract/adapter.ts";
import type { Statement } from "../contract/statement.ts";
import { DbError } from "../errors.ts";
import { isSqlQuery, type SqlQuery } from "./sql-query.ts";

/** Whatever says one statement. Placeholders in a text are the database's own: `?` or `$1`. */
export type StatementInput = string | Statement | SqlQuery<unknown>;

/**
 * Writes an input for this adapter, and refuses what must not be sent.
 *
 * @throws DbError `TRANSACTION_STATEMENT` | `QUERY_FAILED` (kind `parameter` or `syntax`).
 */
export function toStatement(input: StatementInput, adapter: Adapter): Statement {
  const statement = isSqlQuery(input)
    ? input.toStatement(adapter.capabilities.placeholder)
    : typeof input === "string"
      ? { text: input }
      : input;
  if (typeof statement?.text !== "string") throw refused("Expected a statement: sql`…`, a text, or `{ text, params }`", "");
  refuseTransactionWords(statement.text);
  adapter.check?.(statement);
  return statement;
}

export function refused(message: string, sql: string): DbError<"QUERY_FAILED"> {
  return new DbError("QUERY_FAILED", message, { kind: "parameter", sql, dialectCode: undefined });
}

// The first word, and the second where it decides, behind white space and comments. Each piece can match in one way only:
// with `\s+` for `\s`, or a comment that may end early, a hostile text would take exponential time or hide its first word.
const WORDS = /^(?:[\s;]|--[^\n]*(?:\n|$)|\/\*(?:[^*]|\*(?!\/))*\*\/)*([a-z]+)(?:\s+([a-z]+))?/i;

const BEGINS = "a session begins by itself with its first statement; use transaction(work) for a part of it";
const SAVEPOINTS = 'use session.transaction(work, { propagation: "nested" })';
const REMEDIES: ReadonlyMap<string, string> = new Map([
  ["begin", BEGINS],
  ["start transaction", BEGINS],
  ["commit", "use session.commit()"],
  ["end", "use session.commit()"],
  ["rollback", "use session.rollback()"],
  ["abort", "use session.rollback()"],
  ["savepoint", SAVEPOINTS],
  ["release", SAVEPOINTS],
  ["prepare transaction", "two-phase commit is not supported"],
]);

// Sent as text, these would end or split the transaction behind the session's back.
function refuseTransactionWords(sql: string): void {
  const [, first = "", second = ""] = WORDS.exec(sql) ?? [];
  const remedy = REMEDIES.get(first.toLowerCase()) ?? REMEDIES.get(`${first} ${second}`.toLowerCase());
  if (remedy === undefined) return;
  throw new DbError("TRANSACTION_STATEMENT", `\`${first.toUpperCase()}\` is not sent as text: ${remedy}`, { sql, remedy });
}
