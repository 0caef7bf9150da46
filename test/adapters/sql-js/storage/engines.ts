// The versions of sql.js that the private door is proven on, and one build that has none.

import type { SqlJsStatic } from "../../../../src/adapters/sql-js/index.ts";

const packages = { "1.15.2": "sql-js-1.15", "1.16.0": "sql.js", "1.17.0": "sql-js-1.17" };

async function load(name: string): Promise<SqlJsStatic> {
  const { default: initSqlJs } = (await import(name)) as { default(options: object): Promise<SqlJsStatic> };
  return initSqlJs({ useOldExtensionFunctions: false });
}

/** Its databases do not say which file they are. */
export function withoutDoor(engine: SqlJsStatic): SqlJsStatic {
  return {
    Database: class extends engine.Database {
      constructor(image?: Uint8Array) {
        super(image);
        const { filename } = this as unknown as { filename: string };
        // The methods of sql.js itself still find it.
        Object.defineProperty(this, "filename", { value: new String(filename) });
      }
    },
  };
}

export const engines: readonly (readonly [version: string, engine: SqlJsStatic])[] = await Promise.all(
  Object.entries(packages).map(async ([version, name]) => [version, await load(name)] as const),
);

export const newest: SqlJsStatic = engines.at(-1)![1];
