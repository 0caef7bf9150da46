import initSqlJs from "sql.js";
import type { SqlJsStatic } from "../../../src/adapters/sql-js/index.ts";
import { countEngine, sqlJsTarget } from "./counted-engine.ts";

/** The real sql.js, as an application has it. */
export const engine: SqlJsStatic = await initSqlJs({ useOldExtensionFunctions: false } as object);

/** The same, and it counts what is open. */
export function countedEngine(): ReturnType<typeof countEngine> {
  return countEngine(engine);
}

export const target = sqlJsTarget(() => Promise.resolve(engine));
