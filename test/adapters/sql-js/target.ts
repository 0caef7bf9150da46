import initSqlJs from "sql.js";
import { sqlJs } from "../../../src/adapters/sql-js/index.ts";
import type { SqlJsDatabase, SqlJsStatement, SqlJsStatic } from "../../../src/adapters/sql-js/index.ts";
import type { Target } from "../../kit/adapter-contract.ts";
import { sqliteDialect } from "../sqlite/dialect.ts";

/** The real sql.js, as an application has it. */
export const engine: SqlJsStatic = await initSqlJs({ useOldExtensionFunctions: false } as object);

/** The same, and it counts what is open: databases, and statements that were prepared and not freed. */
export function countedEngine(): SqlJsStatic & { databases: Set<object>; statements: Set<object> } {
  const databases = new Set<object>();
  const statements = new Set<object>();
  class Counted extends engine.Database {
    constructor(image?: Uint8Array) {
      super(image);
      databases.add(this);
    }
    override prepare(sql: string): SqlJsStatement {
      const statement = super.prepare(sql);
      const free = statement.free.bind(statement);
      statements.add(statement);
      statement.free = () => statements.delete(statement) && free();
      return statement;
    }
    override close(): void {
      databases.delete(this);
      super.close();
    }
  }
  return { Database: Counted, databases, statements };
}

export const target: Target = {
  dialect: { ...sqliteDialect, kill: ({ raw }) => (raw as SqlJsDatabase).close() },
  make: () => {
    const counted = countedEngine();
    const url = "sqljs:memory";
    return {
      factory: sqlJs({ sqlJs: counted }),
      url,
      leaks: () => Array.from(counted.statements, () => "a prepared statement"),
      dispose: () => {
        if (counted.databases.size > 0) throw new Error("an engine is left open");
      },
    };
  },
};
