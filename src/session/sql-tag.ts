import type { Row, SqlValue } from "../contract/statement.ts";
import { isSqlPart, sqlPart, type SqlPart, type SqlQuery } from "./sql-query.ts";

/** Makes queries of templates, and the parts of queries that no placeholder can stand for. */
export interface SqlTag {
  /**
   * Makes a query from a template; each `${value}` becomes a parameter, each query or part inside becomes part of the text.
   *
   * @returns a lazy query: awaited, it gives its rows as objects.
   * @throws TypeError when called with a text: that is for `query(text, params)`; or without its database, as by `const { sql } = db`.
   */
  <R = Row>(strings: TemplateStringsArray, ...values: readonly (SqlValue | SqlPart)[]): SqlQuery<R>;

  /**
   * A name, quoted: of a table, a column, or a path to one.
   *
   * @example
   * await db.sql`select * from ${db.sql.id("shop", "order")} order by ${db.sql.id(column)}`;
   */
  id(...path: readonly [string, ...string[]]): SqlPart;

  /**
   * Values and parts, one behind another; each value becomes a parameter.
   *
   * @param separator - text between them, as it is, or a part. Default `", "`.
   * @example
   * await db.sql`select * from item where id in (${db.sql.join(ids)})`;
   */
  join(parts: readonly (SqlValue | SqlPart)[], separator?: string | SqlPart): SqlPart;

  /** A text as it is, unquoted and unchecked: never of what a user of yours has typed. */
  raw(text: string): SqlPart;
}

export const parts: Pick<SqlTag, "id" | "join" | "raw"> = {
  id: (...path) => {
    if (path.length === 0) throw new TypeError("Expected `sql.id()` to be given a name");
    return sqlPart([path.map((name) => `"${checkText("id", name).replaceAll('"', '""')}"`).join(".")]);
  },
  join: (list, separator = ", ") => {
    if (!Array.isArray(list)) throw new TypeError(`Expected \`sql.join()\` to be given a list, got \`${typeof list}\``);
    const between = isSqlPart(separator) ? separator : sqlPart([checkText("join", separator)]);
    return sqlPart(
      [],
      list.flatMap((part, index) => (index > 0 ? [between, part] : [part])),
    );
  },
  raw: (text) => sqlPart([checkText("raw", text)]),
};

function checkText(name: string, text: unknown): string {
  if (typeof text === "string") return text;
  throw new TypeError(`Expected \`sql.${name}()\` to be given texts, got \`${text === null ? "null" : typeof text}\``);
}
