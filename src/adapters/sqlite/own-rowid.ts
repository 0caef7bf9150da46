import { QUOTED } from "./quoted.ts";
import { scan } from "./scan.ts";

/**
 * Whether a write has a row id to tell, if it has changed something: an upsert may have updated, and then knows whose row was
 * inserted last, in any session, or by the server itself.
 */
export function hasOwnRowid(sql: string): boolean {
  return /^INS|^REP/.test(scan(sql).verb) && !/\bDO\s+UPDATE\b/i.test(sql.replace(QUOTED, " "));
}
