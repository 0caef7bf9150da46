import { QUOTED } from "../sqlite/quoted.ts";

/** SQLite would end the transaction by itself, and workerd resets an object whose transaction is gone. */
const ENDS = /\b(?:OR|CONFLICT|RAISE\s*\()\s+?ROLLBACK\b|\bRAISE\s*\(\s*ROLLBACK\b/i;

export const STATELESS: string =
  "an object has one connection, which all its sessions share: nothing is set for one of them alone; " +
  'to turn foreign keys off, begin the session with `foreignKeys: "off"`';

/** Why an object cannot do it. */
export function wrong(sql: string): string | undefined {
  return /rollback/i.test(sql) && ENDS.test(sql.replace(QUOTED, " "))
    ? "ROLLBACK as a conflict clause would reset the object: use ABORT, and roll back by throwing"
    : undefined;
}
