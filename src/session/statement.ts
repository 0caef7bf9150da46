import type { Adapter } from "../contract/adapter.ts";
import type { Statement } from "../contract/statement.ts";
import { DbError } from "../errors.ts";
import { isSqlQuery, type SqlQuery } from "./sql-query.ts";

/** Whatever says one statement. Placeholders in a text are the database's own: `?` or `$1`. */
export type StatementInput = string | Statement | SqlQuery<unknown>;

const NESTED = 'transaction(work, { propagation: "nested" })';
const METHODS: Readonly<Record<string, string>> = {
  begin: "transaction(work)",
  start: "transaction(work)",
  commit: "commit()",
  end: "commit()",
  prepare: "commit()",
  rollback: "rollback()",
  abort: "rollback()",
  savepoint: NESTED,
  release: NESTED,
};

// The first word behind white space and comments. Each piece can match in one way only: with `\s+` for `\s`, or a comment
// that may end early, a hostile text would take exponential time or hide its first word.
const WORD =
  /^(?:[\s;]|--[^\n]*(?:\n|$)|\/\*(?:[^*]|\*(?!\/))*\*\/)*(begin|commit|end|rollback|abort|savepoint|release|(?:start|prepare)(?=\s+transaction))\b/i;

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
  const sql = statement?.text;
  if (typeof sql !== "string") {
    throw new DbError("QUERY_FAILED", "expected sql`…`, a text, or `{ text, params }`", {
      kind: "parameter",
      sql: "",
      dialectCode: undefined,
    });
  }
  // Sent as text, these would end or split the transaction behind the session's back.
  const word = WORD.exec(sql)?.[1];
  if (word) {
    const remedy = `use session.${METHODS[word.toLowerCase()]}`;
    throw new DbError("TRANSACTION_STATEMENT", `\`${word.toUpperCase()}\` is not sent as text: ${remedy}`, {
      sql,
      remedy,
    });
  }
  adapter.check?.(statement);
  return statement;
}
