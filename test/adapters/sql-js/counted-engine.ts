import { sqlJs } from "../../../src/adapters/sql-js/index.ts";
import type { SqlJsDatabase, SqlJsStatement, SqlJsStatic } from "../../../src/adapters/sql-js/index.ts";
import type { Target } from "../../../src/integrations/adapter-contract/index.ts";
import { sqliteDialect } from "../../../src/integrations/adapter-contract/sqlite-dialect.ts";

interface CountedEngine extends SqlJsStatic {
  readonly databases: Set<object>;
  readonly statements: Set<object>;
}

/** The same engine, and it counts what is open: databases, and statements that were prepared and not freed. */
export function countEngine(engine: SqlJsStatic): CountedEngine {
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

/** SQLite names a token; sql.js is asked for its place, also where it stands twice. */
const POSITIONS: Readonly<Record<string, number>> = { syntax: 19, "the same token before": 18 };

const failures = sqliteDialect.failures.map((failure) => {
  const position = POSITIONS[failure.name];
  return position === undefined ? failure : { ...failure, position };
});

/** An engine's databases in memory; nothing of a case may be left open in it. Names no runtime: the contract runs in all of them. */
export function sqlJsTarget(load: () => Promise<SqlJsStatic>): Target {
  return {
    dialect: { ...sqliteDialect, failures, kill: ({ raw }) => (raw as SqlJsDatabase).close() },
    make: async () => {
      const counted = countEngine(await load());
      return {
        factory: sqlJs({ sqlJs: counted }),
        url: "sqljs:memory",
        leaks: () => Array.from(counted.statements, () => "a prepared statement"),
        dispose: () => {
          if (counted.databases.size > 0) throw new Error("an engine is left open");
        },
      };
    },
  };
}
