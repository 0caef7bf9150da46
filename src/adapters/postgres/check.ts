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
  if (place === "autocommit" && leavesState)
    throw needsSession("this ends with its session, at once: use db.session(), `setup` or `settings`", text);
  if (isPooled && (place === "setup" ? isRepeatable : place === "session" && leavesState))
    throw needsSession(
      "a pooler lends a session for one transaction: use `settings`, SET LOCAL or the direct host",
      text,
    );
}
