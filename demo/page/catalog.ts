// What is in the database: read from SQLite's own tables about tables.

import { type Database, isDbError, type Session } from "../../src/index.ts";
import { quoteName } from "./sql/tokens.ts";

export interface TableInfo {
  readonly name: string;
  readonly kind: "table" | "view";
  /** `undefined`: it cannot be read here, such as a table of a module that this SQLite lacks. */
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
  /** Column names by table. */
  readonly completions: Record<string, string[]>;
}

const TABLES = `select name, type as kind from sqlite_schema
where type in ('table', 'view') and name not like 'sqlite\\_%' escape '\\'
order by type, name`;

// Fails as a whole when one table's module is missing: the page then does without completions.
const COLUMNS = `select m.name, json_group_array(c.name) as columns
from sqlite_schema m join pragma_table_info(m.name) c
where m.type in ('table', 'view')
group by m.name`;

const READ = { accessMode: "read only" } as const;

/** Tables and views with their columns and row counts: one session, two flights. */
export function readCatalog(db: Database): Promise<Catalog> {
  return db.session(async (session) => {
    const [names, columns] = await Promise.all([
      session.query<{ name: string; kind: "table" | "view" }>(TABLES),
      session.query<{ name: string; columns: string }>(COLUMNS).catch(() => undefined),
    ]);
    const tables = await Promise.all(
      names.rows.map(async ({ name, kind }) => ({ name, kind, rows: await countRows(session, name) })),
    );
    const completions = columns?.rows.map(({ name, columns: list }) => [name, JSON.parse(list) as string[]]) ?? [];
    return { tables, completions: Object.fromEntries(completions) };
  }, READ);
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
  }, READ);
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

async function countRows(session: Session, table: string): Promise<number | undefined> {
  try {
    const { rows } = await session.query<{ count: number }>(`select count(*) as count from ${quoteName(table)}`);
    return rows[0]?.count;
  } catch (error) {
    if (isDbError(error, "QUERY_FAILED")) return undefined;
    throw error;
  }
}
