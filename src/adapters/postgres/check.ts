import type { StatementPlace } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { needsSession } from "./errors.ts";
import { scan } from "./scan.ts";
import { bind } from "./values.ts";

/**
 * Looks at a statement before a connection is taken for it: its values, and whether what it makes would be there when it is
 * needed.
 *
 * @param isPooled - behind a pooler that lends a session for each transaction.
 * @throws DbError `QUERY_FAILED`
 */
export function check(statement: Statement, place: StatementPlace, isPooled: boolean): void {
  const { text } = statement;
  bind(statement);
  const { leavesState, isRepeatable } = scan(text);
  if (place === "autocommit" && leavesState) {
    const remedy = "use db.session(work, { transaction: false }), `setup` for all sessions, or `settings` for some";
    throw needsSession(`this lasts only for its session, which ends with it: ${remedy}`, text);
  }
  if (!isPooled) return;
  const remedy = "use `settings`, the URL's parameters, SET LOCAL in a transaction, or the direct host";
  if (place === "setup" ? isRepeatable : place === "session" && leavesState)
    throw needsSession(`behind a pooler each transaction may get another session: ${remedy}`, text);
}
