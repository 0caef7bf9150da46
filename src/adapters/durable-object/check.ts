import type { StatementPlace } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { DbError } from "../../errors.ts";
import { checkPlace } from "../sqlite/place.ts";
import { scan } from "../sqlite/scan.ts";
import { bindForWorkerd } from "../sqlite/workerd-values.ts";

const QUOTED = /'[^']*'?|"[^"]*"?|`[^`]*`?|\[[^\]]*\]?|--[^\n]*|\/\*[^]*?(?:\*\/|$)/g;
/** SQLite would end the transaction by itself, and workerd resets an object whose transaction is gone. */
const ENDS = /\b(?:OR|CONFLICT|RAISE\s*\()\s+?ROLLBACK\b|\bRAISE\s*\(\s*ROLLBACK\b/i;
/** It ends with the transaction that it stands in. */
const DEFERS = /^PRAGMA (\S+ \. )?DEFER_FOREIGN_KEYS\b/;

/** @throws DbError `QUERY_FAILED`: what does not fit, and what an object that has one connection for all its sessions cannot do. */
export function checkForObject(statement: Statement, place: StatementPlace): void {
  bindForWorkerd(statement);
  checkPlace(statement, place);
  const { text: sql } = statement;
  const { isRead, leavesState, head } = scan(sql);
  if (isRead) return;
  if (/rollback/i.test(sql) && ENDS.test(sql.replace(QUOTED, " ")))
    throw refused("ROLLBACK as a conflict clause would reset the object: use ABORT, and roll back by throwing", sql);
  if (leavesState && !(place === "transaction" && DEFERS.test(head)))
    throw refused(
      "an object has one connection, which all its sessions share: nothing is set for one of them alone; " +
        'to turn foreign keys off, begin the session with `foreignKeys: "off"`',
      sql,
    );
}

function refused(message: string, sql: string): DbError {
  return new DbError("QUERY_FAILED", message, { kind: "other", sql, dialectCode: undefined });
}
