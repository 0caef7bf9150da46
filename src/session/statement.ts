import type { Adapter, StatementPlace } from "../contract/adapter.ts";
import type { Statement } from "../contract/statement.ts";
import { DbError } from "../errors.ts";
import { isSqlPart, type SqlPart, type SqlQuery } from "./sql-query.ts";

/** Any form of one statement. Placeholders in SQL text are the database's own: `?` or `$1`. */
export type StatementInput = string | Statement | SqlPart | SqlQuery<unknown>;

// The first word behind white space and comments, in a group for each remedy. Each piece can match in one way only: with
// `\s+` for `\s`, or a comment that may end early, a hostile text would take exponential time or hide its first word.
const WORD =
  /^(?:[\s;]|--[^\n]*(?:\n|$)|\/\*(?:[^*]|\*(?!\/))*\*\/)*(?:(begin|start(?=\s+transaction))|(commit|end|prepare(?=\s+transaction))|(rollback|abort)|(savepoint|release))\b/i;
/** The last text that may be sent: those who ask in a loop ask with the same one. */
let lastChecked: string | undefined;
const REMEDIES = ["transaction(work)", "commit()", "rollback()", 'transaction(work, { propagation: "nested" })'];

/** A copy of an input, which its caller can no longer change: what is asked may wait long before it is sent. */
export function copyInput(input: StatementInput): StatementInput {
  if (typeof input !== "object" || input === null || isSqlPart(input)) return input;
  const { text, params, parsers } = input as Statement;
  const copy = { text, params: Array.isArray(params) ? params.slice() : params && Object.assign({}, params) };
  return parsers ? Object.assign(copy, { parsers }) : copy;
}

/** @throws TypeError for what is no list. */
export function checkList(inputs: readonly StatementInput[]): void {
  if (!Array.isArray(inputs))
    throw new TypeError(`Expected a list of statements, got \`${inputs === null ? "null" : typeof inputs}\``);
}

/** An input as text and parameters; nothing is checked. */
export function written(input: StatementInput, { capabilities }: Adapter): Statement {
  if (isSqlPart(input)) return input.toStatement(capabilities.placeholder);
  return typeof input === "string" ? { text: input } : (input as Statement);
}

/**
 * Converts an input for this adapter, and refuses statements that must not be sent.
 *
 * @throws DbError `TRANSACTION_STATEMENT` | `QUERY_FAILED` (kind `parameter` or `syntax`).
 */
export function toStatement(input: StatementInput, adapter: Adapter, place: StatementPlace): Statement {
  const statement = written(input, adapter);
  const sql = statement?.text;
  if (typeof sql !== "string") {
    throw new DbError("QUERY_FAILED", "expected sql`…`, a text, or `{ text, params }`", {
      kind: "parameter",
      sql: "",
      dialectCode: undefined,
    });
  }
  // Sent as text, these would end or split the transaction behind the session's back.
  const found = sql === lastChecked ? undefined : WORD.exec(sql)?.slice(1);
  if (found) {
    const at = found.findIndex(Boolean);
    const remedy = `use session.${REMEDIES[at]}`;
    throw new DbError("TRANSACTION_STATEMENT", `\`${found[at]!.toUpperCase()}\` cannot be sent as SQL: ${remedy}`, {
      sql,
      remedy,
    });
  }
  lastChecked = sql;
  adapter.check?.(statement, place);
  return statement;
}
