// What is in the database: read from SQLite's own tables about tables.

import { type Database, isDbError, type Session } from "../../src/index.ts";
import { quoteName } from "./sql/tokens.ts";

export interface TableInfo {
  readonly name: string;
  readonly kind: "table" | "view";
  /** Of a virtual table, which has its data in it: nobody's to read or change. */
  readonly isInternal: boolean;
  /** Why it cannot be read; `""` when it can. */
  readonly problem: string;
  /** `undefined`: it cannot be read here. */
  readonly rows: number | undefined;
}

export interface ColumnInfo {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly fallback: string | null;
  /** Place in the primary key, from 1; 0: none. */
  readonly key: number;
  /** What it refers to: `orders.id`. */
  readonly reference: string | undefined;
  readonly isGenerated: boolean;
}

export interface IndexInfo {
  readonly name: string;
  readonly isUnique: boolean;
  readonly columns: string;
  readonly origin: string;
}

export interface TableSchema {
  readonly columns: readonly ColumnInfo[];
  readonly indexes: readonly IndexInfo[];
  readonly triggers: readonly { readonly name: string; readonly sql: string }[];
  readonly sql: string;
}

export interface Catalog {
  readonly tables: readonly TableInfo[];
  /** Some of it cannot be read, because the file is not as it was written. */
  readonly isDamaged: boolean;
  /** Column names by table. */
  readonly completions: Record<string, string[]>;
}

export const NO_CATALOG: Catalog = { tables: [], isDamaged: false, completions: {} };

const TABLES = `select name, type as kind, sql from sqlite_schema
where type in ('table', 'view') and name not like 'sqlite\\_%' escape '\\'
order by type, name`;

// Fails as a whole when one table's module is missing: the page then does without completions.
const COLUMNS = `select m.name, json_group_array(c.name) as columns
from sqlite_schema m join pragma_table_info(m.name) c
where m.type in ('table', 'view')
group by m.name`;

const READ = { accessMode: "read only", name: "the page reads the list of tables" } as const;
const READ_ONE = { accessMode: "read only", name: "the page reads how a table is made" } as const;

/** Tables and views with their columns and row counts: one session, two flights. */
export function readCatalog(db: Database): Promise<Catalog> {
  return db.session(async (session) => {
    const [names, columns] = await Promise.all([
      session.query<{ name: string; kind: "table" | "view"; sql: string | null }>(TABLES),
      session.query<{ name: string; columns: string }>(COLUMNS).catch(() => undefined),
    ]);
    const shadows = shadowsOf(names.rows);
    const counts = await Promise.all(names.rows.map(({ name }) => countRows(session, name)));
    const tables = names.rows.map(({ name, kind }, at): TableInfo => {
      const counted = counts[at];
      const problem = typeof counted === "string" ? counted : "";
      const rows = typeof counted === "number" ? counted : undefined;
      return { name, kind, isInternal: shadows.has(name), problem, rows };
    });
    const completions = columns?.rows.map(({ name, columns: list }) => [name, JSON.parse(list) as string[]]) ?? [];
    const isDamaged = tables.some(({ problem }) => /malformed/.test(problem));
    return { tables, isDamaged, completions: Object.fromEntries(completions) };
  }, READ);
}

/** Full-text and R-Tree tables keep their data in tables of these names. */
function shadowsOf(all: readonly { name: string; sql: string | null }[]): ReadonlySet<string> {
  const virtual = all.filter(({ sql }) => /^create virtual table/i.test(sql ?? ""));
  const ends = ["data", "idx", "content", "docsize", "config", "segments", "segdir", "stat", "node", "parent", "rowid"];
  return new Set(virtual.flatMap(({ name }) => ends.map((end) => `${name}_${end}`)));
}

export function readSchema(db: Database, table: string): Promise<TableSchema> {
  return db.session(async (session) => {
    // Asked in the same tick: they travel in one flight.
    const [columns, keys, indexes, texts] = await Promise.all([
      session.query<RawColumn>("select * from pragma_table_xinfo(?)", [table]),
      session.query<{ from: string; table: string; to: string | null }>("select * from pragma_foreign_key_list(?)", [
        table,
      ]),
      session.query<RawIndex>(
        "select l.name, l.\"unique\", l.origin, (select group_concat(i.name, ', ') from pragma_index_info(l.name) i) as columns from pragma_index_list(?) l",
        [table],
      ),
      session.query<{ type: string; name: string; sql: string | null }>(
        "select type, name, sql from sqlite_schema where tbl_name = ? and sql is not null",
        [table],
      ),
    ]);
    const references = new Map(keys.rows.map(({ from, table, to }) => [from, to === null ? table : `${table}.${to}`]));
    return {
      columns: columns.rows.filter(({ hidden }) => hidden !== 1).map((raw) => toColumn(raw, references)),
      indexes: indexes.rows.map((raw) => toIndex(raw)),
      triggers: texts.rows.filter(({ type }) => type === "trigger").map(({ name, sql }) => ({ name, sql: sql ?? "" })),
      sql: texts.rows
        .filter(({ type }) => type !== "trigger")
        .map(({ sql }) => `${sql};`)
        .join("\n\n"),
    };
  }, READ_ONE);
}

interface RawColumn {
  name: string;
  type: string;
  notnull: number;
  dflt_value: string | null;
  pk: number;
  hidden: number;
}

interface RawIndex {
  name: string;
  unique: number;
  origin: "c" | "u" | "pk";
  columns: string | null;
}

function toColumn(raw: RawColumn, references: ReadonlyMap<string, string>): ColumnInfo {
  return {
    name: raw.name,
    type: raw.type || "any",
    isRequired: raw.notnull === 1,
    fallback: raw.dflt_value,
    key: raw.pk,
    reference: references.get(raw.name),
    isGenerated: raw.hidden > 1,
  };
}

function toIndex({ name, unique, origin, columns }: RawIndex): IndexInfo {
  const made = { c: "create index", u: "unique constraint", pk: "primary key" }[origin];
  return { name, isUnique: unique === 1, columns: columns ?? "(expression)", origin: made };
}

/** @returns the number, or why there is none. */
async function countRows(session: Session, table: string): Promise<number | string> {
  try {
    const { rows } = await session.query<{ count: number }>(`select count(*) as count from ${quoteName(table)}`);
    return rows[0]?.count ?? 0;
  } catch (error) {
    if (!isDbError(error, "QUERY_FAILED")) throw error;
    const missing = /no such module: (\w+)/.exec(error.message)?.[1];
    return missing ? `It needs ${missing}, which this build of SQLite does not have.` : error.message;
  }
}
