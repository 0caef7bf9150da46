// The database as SQL: what `.dump` of SQLite's own shell writes, so that any SQLite reads it, this page's console too.

import type { Database, SqlValue } from "../../src/index.ts";
import { breathe } from "./element.ts";
import { toText } from "./results.ts";
import { quoteName } from "./sql/tokens.ts";

const OBJECTS =
  "select type, name, sql from sqlite_schema where sql is not null and name not like 'sqlite\\_%' escape '\\' order by type = 'table' desc, rowid";
const BATCH = 500;

/** In one session: all of it is of one moment. */
export function dumpOf(db: Database): Promise<Blob> {
  return db.session(
    async (session) => {
      const parts: string[] = ["PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n"];
      const objects = await session.raw(OBJECTS);
      for (const [type, name, sql] of objects.rows as [string, string, string][]) {
        parts.push(`${sql};\n`);
        if (type !== "table" || /^create virtual table/i.test(sql)) continue;
        const columns = await session.raw({ text: "select name from pragma_table_info(?)", params: [name] });
        const names = columns.rows.map(([column]) => quoteName(String(column)));
        // SQLite writes each value itself: no digit of a number is lost.
        const values = names.map(
          (column) => `case typeof(${column}) when 'real' then printf('%!.17g', ${column}) else quote(${column}) end`,
        );
        const text = `select ${values.join(" || ',' || ")} as line from ${quoteName(name)}`;
        const into = `INSERT INTO ${quoteName(name)} (${names.join(",")}) VALUES(`;
        let rows = 0;
        for await (const { line } of session.stream<{ line: SqlValue }>(text, { batchSize: BATCH })) {
          parts.push(`${into}${toText(line)});\n`);
          if (++rows % BATCH === 0) await breathe();
        }
      }
      parts.push("COMMIT;\n");
      return new Blob(parts, { type: "application/sql" });
    },
    { accessMode: "read only", name: "the page writes the database as SQL" },
  );
}
