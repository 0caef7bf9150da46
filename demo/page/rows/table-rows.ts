// Rows of one table: a page of them, filtered and sorted; and a value of one, changed in a session.

import type { Database, SqlValue } from "../../../src/index.ts";
import type { ColumnInfo, TableSchema } from "../catalog.ts";
import type { Grid } from "../results.ts";
import { quoteName } from "../sql/tokens.ts";

export const OPERATORS = {
  contains: "contains",
  "=": "=",
  "<>": "≠",
  "<": "<",
  ">": ">",
  null: "is NULL",
  "not null": "is not NULL",
} as const;

export type Operator = keyof typeof OPERATORS;

export interface Filter {
  /** `""`: any of them. */
  readonly column: string;
  readonly operator: Operator;
  readonly value: string;
}

export interface Wanted {
  readonly table: string;
  readonly columns: readonly string[];
  readonly filter: Filter | undefined;
  readonly sort: { readonly column: string; readonly direction: "asc" | "desc" } | undefined;
  readonly limit: number;
  readonly offset: number;
}

export interface RowPage {
  readonly grid: Grid;
  readonly total: number;
  /** What tells each row from all others; `undefined`: nothing does, as in a view. */
  readonly keys: readonly (readonly SqlValue[])[] | undefined;
}

/** Columns by which a row is found again: its key where the table has no row ids. */
export function keyOf({ columns, sql }: TableSchema, kind: "table" | "view"): readonly string[] | undefined {
  if (kind === "view" || /^create virtual table/i.test(sql)) return undefined;
  if (!/\bwithout\s+rowid\b/i.test(sql.slice(sql.lastIndexOf(")")))) return ["rowid"];
  return columns.filter(({ key }) => key > 0).map(({ name }) => name);
}

/** Both numbers and rows are asked in the same tick: they travel in one flight. */
export async function readRows(db: Database, wanted: Wanted, key: readonly string[] | undefined): Promise<RowPage> {
  const { table, columns, limit, offset } = wanted;
  const { where, params } = whereOf(wanted);
  const names = columns.map(quoteName);
  const ids = (key ?? []).map((name) => (name === "rowid" ? name : quoteName(name)));
  const selected = [...names, ...names.map((name) => `typeof(${name})`), ...ids].join(", ");
  const text = `select ${selected} from ${quoteName(table)}${where}${orderOf(wanted)} limit ? offset ?`;
  const [total, rows] = await db.session(
    (session) =>
      Promise.all([
        session.raw({ text: `select count(*) from ${quoteName(table)}${where}`, params }),
        session.raw({ text, params: [...params, limit, offset] }),
      ]),
    { accessMode: "read only", name: "the page reads rows of a table" },
  );
  const width = columns.length;
  const grid = {
    columns,
    rows: rows.rows.map((row) => row.slice(0, width)),
    types: rows.rows.map((row) => row.slice(width, 2 * width) as string[]),
  };
  const keys = key && rows.rows.map((row) => row.slice(2 * width));
  return { grid, total: Number(total.rows[0]?.[0] ?? 0), keys };
}

export interface Change {
  readonly table: string;
  readonly column: ColumnInfo;
  readonly key: readonly string[];
  readonly of: readonly SqlValue[];
  readonly before: SqlValue;
  readonly after: SqlValue;
}

/** @throws Error in words when the row is not as it was shown: nothing is changed then. */
export async function changeValue(db: Database, { table, column, key, of, before, after }: Change): Promise<void> {
  const where = key.map((name) => `${name === "rowid" ? name : quoteName(name)} is ?`).join(" and ");
  const name = quoteName(column.name);
  await db.session(async (session) => {
    const { rowsAffected } = await session.query(
      `update ${quoteName(table)} set ${name} = ? where ${where} and ${name} is ?`,
      [after, ...of, before],
    );
    if (rowsAffected !== 1) throw new Error("This row was changed or deleted meanwhile: look at it again.");
  });
}

function whereOf({ columns, filter }: Wanted): { where: string; params: SqlValue[] } {
  if (!filter) return { where: "", params: [] };
  const { column, operator, value } = filter;
  const names = (column === "" ? columns : [column]).map(quoteName);
  if (operator === "null" || operator === "not null")
    return { where: ` where ${names.map((name) => `${name} is ${operator}`).join(" or ")}`, params: [] };
  if (value === "") return { where: "", params: [] };
  if (operator === "contains") {
    // instr() has no wildcards: what is looked for may have a percent sign in it.
    const tests = names.map((name) => `instr(lower(cast(${name} as text)), lower(?)) > 0`);
    return { where: ` where ${tests.join(" or ")}`, params: names.map(() => value) };
  }
  const isNumber = /^-?\d+(\.\d+)?$/.test(value);
  const [given, alike]: SqlValue[] = isNumber ? [Number(value), value] : [value, value];
  const tests = names.map((name) => `(${name} ${operator} ?${isNumber && operator === "=" ? ` or ${name} = ?` : ""})`);
  const each = isNumber && operator === "=" ? [given as SqlValue, alike as SqlValue] : [given as SqlValue];
  return { where: ` where ${tests.join(operator === "<>" ? " and " : " or ")}`, params: names.flatMap(() => each) };
}

function orderOf({ sort }: Wanted): string {
  return sort ? ` order by ${quoteName(sort.column)} ${sort.direction}` : "";
}
