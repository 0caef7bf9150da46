// What can still be read of a damaged file, as a new one: each table from its start to the damage, and from its end back to it.

import { quoteName } from "../sql/tokens.ts";
import type { Engine, RawDatabase } from "./load.ts";

export interface RecoveredTable {
  readonly name: string;
  readonly rows: number;
  /** Whether it was read to its end. */
  readonly isWhole: boolean;
}

export interface Recovery {
  readonly image: Uint8Array;
  readonly tables: readonly RecoveredTable[];
}

interface SchemaRow {
  readonly type: string;
  readonly name: string;
  readonly sql: string;
}

/** @throws when not even the list of its tables can be read. */
export function recover(engine: Engine, image: Uint8Array): Recovery {
  const from = new engine.Database(withItsOwnSize(image));
  const to = new engine.Database();
  try {
    const schema = schemaOf(from);
    const tables = schema.filter(({ type, sql }) => type === "table" && !/^create virtual/i.test(sql));
    to.exec("begin");
    const recovered = tables.map((table) => copyTable(from, to, table));
    for (const { type, sql } of schema) if (type !== "table") attempt(() => to.exec(sql));
    to.exec("commit");
    return { image: to.export(), tables: recovered };
  } finally {
    from.close();
    to.close();
  }
}

/** A file that was cut off says in its header how long it was: with the number of pages that are there, SQLite reads those. */
function withItsOwnSize(image: Uint8Array): Uint8Array {
  const header = new DataView(image.buffer, image.byteOffset, 100);
  const stated = header.getUint16(16);
  const pageSize = stated === 1 ? 65_536 : stated;
  const pages = Math.ceil(image.length / pageSize);
  const whole = new Uint8Array(pages * pageSize);
  whole.set(image);
  const patched = new DataView(whole.buffer);
  patched.setUint32(28, pages);
  // The number above counts only where these two agree.
  patched.setUint32(92, header.getUint32(24));
  // A file in WAL mode whose log is not here.
  patched.setUint16(18, 0x0101);
  return whole;
}

function schemaOf(db: RawDatabase): SchemaRow[] {
  const rows: SchemaRow[] = [];
  const text =
    "select type, name, sql from sqlite_schema where sql is not null and name not like 'sqlite\\_%' escape '\\'";
  each(db, text, ([type, name, sql]) => rows.push({ type, name, sql } as unknown as SchemaRow));
  if (rows.length === 0) throw new Error("not even the list of its tables can be read");
  return rows;
}

function copyTable(from: RawDatabase, to: RawDatabase, { name, sql }: SchemaRow): RecoveredTable {
  to.exec(sql);
  const table = quoteName(name);
  const columns: string[] = [];
  each(to, `select name from pragma_table_info(${textOf(name)})`, ([column]) =>
    columns.push(quoteName(String(column))),
  );
  const isByRow = attempt(() => from.prepare(`select rowid from ${table}`).free());
  const names = [...(isByRow ? ["rowid"] : []), ...columns].join(", ");
  const insert = to.prepare(
    `insert or ignore into ${table} (${names}) values (${names.replaceAll(/"(?:[^"]|"")*"|rowid/g, "?")})`,
  );
  let rows = 0;
  const copy = (values: unknown[]): void => {
    attempt(() => {
      insert.run(values);
      rows += to.getRowsModified();
    });
  };
  const isWhole = each(from, `select ${names} from ${table}`, copy);
  // What is behind the damage can be reached from the other end.
  if (!isWhole && isByRow) each(from, `select ${names} from ${table} order by rowid desc`, copy);
  insert.free();
  return { name, rows, isWhole };
}

/** @returns whether there was an end, and no damage before it. */
function each(db: RawDatabase, text: string, take: (values: unknown[]) => void): boolean {
  return attempt(() => {
    const statement = db.prepare(text);
    try {
      while (statement.step()) take(statement.get(null, { useBigInt: true }));
    } finally {
      statement.free();
    }
  });
}

function attempt(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}

function textOf(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
