// What the adapters of D1 and of Durable Objects have in common.

import type { Capabilities, StatementPlace } from "../../contract/adapter.ts";
import type { Statement } from "../../contract/statement.ts";
import { DbError } from "../../errors.ts";
import { refusal } from "../shared/refusal.ts";
import { checkPlace, DEFERS } from "./place.ts";
import { scan } from "./scan.ts";
import { bindForWorkerd } from "./workerd-values.ts";

/** Of D1 and of Durable Objects: https://developers.cloudflare.com/d1/platform/limits/ */
const MOST_VALUES = 100;

export const CAPABILITIES: Capabilities = {
  dialect: "sqlite",
  affinity: "isolate",
  transactions: "interactive",
  savepoints: true,
  streaming: false,
  // Names for the one database that there is.
  maxConnections: 100,
  placeholder: "?",
  // A stronger level than asked for is what the SQL standard allows.
  isolationLevels: ["read uncommitted", "read committed", "repeatable read", "serializable"],
  tellsDeath: true,
};

/**
 * @param wrong - why a statement that does not only read is refused; `undefined`: it is not.
 * @param stateless - why nothing can be set.
 * @throws DbError `QUERY_FAILED`
 */
export function checkForWorkerd(
  statement: Statement,
  place: StatementPlace,
  wrong: (sql: string) => string | undefined,
  stateless: string,
): void {
  const { length } = bindForWorkerd(statement).values;
  const { text: sql } = statement;
  // A transaction on D1 would hear of it at its COMMIT.
  if (length > MOST_VALUES)
    throw refusal(
      `a statement takes ${MOST_VALUES} values here, got ${length}: send several, or a list as JSON to json_each(?)`,
      sql,
    );
  checkPlace(statement, place);
  const { isRead, leavesState, head } = scan(sql);
  if (isRead) return;
  const isSet = leavesState && !(place === "transaction" && DEFERS.test(head));
  const message = wrong(sql) ?? (isSet ? stateless : undefined);
  if (message !== undefined) throw new DbError("QUERY_FAILED", message, { kind: "other", sql, dialectCode: undefined });
}

/** The refusal of a write in a transaction that is `read only`. */
export function readOnly(sql: string): DbError {
  const details = { kind: "permission", sql, dialectCode: "SQLITE_READONLY" } as const;
  return new DbError("QUERY_FAILED", "attempt to write a readonly database: the transaction is `read only`", details);
}
