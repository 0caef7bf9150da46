import type { StatementPlace } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { DbError } from "../../errors.ts";
import { scan } from "./scan.ts";

// What SQLite ignores inside a transaction without a word (the first five; three of them once there is a table), or refuses
// there. Measured with every pragma of sql.js 1.16: see its test.
const IGNORED =
  /^(EXPLAIN (QUERY PLAN )?)?(PRAGMA (\S+ \. )?((FOREIGN_KEYS|JOURNAL_MODE|PAGE_SIZE|AUTO_VACUUM|ENCODING|TEMP_STORE|SYNCHRONOUS) [=(]|WAL_CHECKPOINT\b)|VACUUM\b)/;
/** It lasts as long as the transaction in which it stands. */
export const DEFERS: RegExp = /^PRAGMA (\S+ \. )?DEFER_FOREIGN_KEYS\b/;
const OUTSIDE = "run it in db.session(work, { transaction: false })";

/**
 * Refuses a statement that would do nothing where it stands, and be reported as done.
 *
 * @throws DbError `QUERY_FAILED` of kind `other`, with the remedy.
 * @example
 * check(statement, place) { checkPlace(statement, place); }
 */
export function checkPlace({ text: sql }: Statement, place: StatementPlace): void {
  const { head, leavesState, isRead, isWrite } = scan(sql);
  if (isRead || isWrite) return;
  const ignored = place === "transaction" && IGNORED.exec(head);
  if (!ignored && (place !== "autocommit" || !leavesState)) return;
  const remedy = ignored && ignored[6] === "FOREIGN_KEYS" ? 'begin it with `foreignKeys: "off"`, or ' : "";
  const message = ignored
    ? `SQLite cannot do \`${ignored[5] ? `PRAGMA ${ignored[6] ?? ignored[5]}` : "VACUUM"}\` in a transaction: ${remedy}${OUTSIDE}`
    : `this lasts only for its session, which ends with it: ${OUTSIDE}, or on every connection, in \`setup\``;
  throw new DbError("QUERY_FAILED", message, { kind: "other", sql, dialectCode: undefined });
}
