import type { RawResult, Statement } from "../../contract/statement.ts";
import { DbError } from "../../errors.ts";
import { type BrokenKey, brokenKey, CHECK_KEYS } from "../sqlite/foreign-keys.ts";
import { scan } from "../sqlite/scan.ts";
import { hasOwnRowid } from "../sqlite/own-rowid.ts";
import {
  bindForWorkerd,
  exactText,
  inexact,
  isInexact,
  readColumns,
  readExact,
  toRow,
  type WorkerdStatement,
} from "../sqlite/workerd-values.ts";
import type { ObjectCursor, ObjectStorage } from "./driver.ts";

/** CHECK_KEYS, for tables with keys that are looked at when the transaction ends. */
const CHECK_DEFERRED = `SELECT broken."table", broken.rowid, broken.parent
  FROM sqlite_schema AS child, pragma_foreign_key_check(child.name) AS broken
  WHERE child.type = 'table' AND child.sql LIKE '%DEFERRED%' LIMIT 1`;

type Rows = readonly (readonly unknown[])[];

/** Runs statements on the storage, each to its end: nothing comes in between. */
export class Statements {
  readonly #storage: ObjectStorage;

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
  }

  /** @param isAlone - no transaction is open: what it leaves is committed. */
  run(statement: Statement, isAlone: boolean): RawResult {
    const bound = bindForWorkerd(statement);
    if (scan(statement.text).isRead) return this.#read(statement.text, bound);
    // All or nothing: what it cannot report it has not done.
    return this.#storage.transactionSync(() => {
      const result = this.#write(statement.text, bound);
      if (isAlone) this.checkKeys(false, statement.text);
      return result;
    });
  }

  /**
   * Looks at the keys that the commit would look at: where one of them is broken, workerd resets the object.
   *
   * @param sql - what is refused.
   * @param all - also at those of tables whose keys are checked by each statement: they were turned off.
   * @throws DbError `QUERY_FAILED` of kind `foreign-key`.
   */
  checkKeys(all: boolean, sql = "commit"): void {
    const isDeferred = all || Number(this.execute("PRAGMA defer_foreign_keys")[0]?.[0]) === 1;
    const [broken] = this.execute(isDeferred ? CHECK_KEYS : CHECK_DEFERRED);
    if (!broken) return;
    const { code, message, details } = brokenKey(...(toRow(broken) as BrokenKey));
    const cause = new Error("FOREIGN KEY constraint failed");
    throw new DbError(code, message.slice(code.length + 2), { ...details, sql }, { cause });
  }

  execute(text: string): Rows {
    return this.#exec({ text, values: [] }).rows;
  }

  #read(text: string, bound: WorkerdStatement): RawResult {
    const { columns, rows } = this.#exec(bound);
    if (!rows.some((row) => row.some(isInexact))) return { columns, rows: rows.map(toRow), rowsAffected: 0 };
    const again = this.#exec({ ...bound, text: exactText(bound.text, rows, columns.length) });
    const exact = readExact(rows, again.rows);
    if (!exact) throw inexact(text, "not-executed");
    return { columns, rows: exact.map(toRow), rowsAffected: 0 };
  }

  #write(text: string, bound: WorkerdStatement): RawResult {
    const { columns, rows } = this.#exec(bound);
    if (rows.some((row) => row.some(isInexact))) throw inexact(text, "not-executed");
    const { isWrite } = scan(text);
    const read = { columns, rows: rows.map(toRow) };
    if (!isWrite) return { ...read, rowsAffected: 0 };
    const [[changes, rowid] = []] = this.execute("SELECT changes(), CAST(last_insert_rowid() AS TEXT)");
    const isInsert = hasOwnRowid(text) && Number(changes) > 0;
    const [lastInsertRowid] = toRow([BigInt(rowid as string)]) as [number | bigint];
    return { ...read, rowsAffected: Number(changes), ...(isInsert && { lastInsertRowid }) };
  }

  #exec({ text, values }: WorkerdStatement): { columns: string[]; rows: Rows } {
    const cursor = this.#storage.sql.exec(text, ...(values as never[])) as ObjectCursor;
    const rows = Array.from(cursor.raw());
    return { columns: readColumns(cursor.columnNames), rows };
  }
}
