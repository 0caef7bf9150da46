// A CSV file into a table, in one session: all of it, or nothing; and a report of what is not stored as it was written.

import { type Database, isDbError, type Session, type SqlValue } from "../../../src/index.ts";
import { breathe } from "../element.ts";
import { quoteName } from "../sql/tokens.ts";
import { type ColumnType, convert, fits, isRespelled, wouldBeRespelled } from "./columns.ts";
import type { Encoding } from "./encoding.ts";
import type { Field, Record } from "./parser.ts";
import { readCsv } from "./reader.ts";

/** What becomes of a row with another number of fields. `keep`: what is too much goes into a column of its own. */
export type Ragged = "keep" | "cut" | "skip" | "refuse";

/** What an empty field is. `quotes`: one in quotes is a text without letters, one without is NULL. */
export type Empty = "quotes" | "null" | "text";

export interface PlannedColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** Which field of a row it takes. */
  readonly field: number;
  /** Some of its values do not fit its type: it gets none, or SQLite would change them. */
  readonly hasMisfits: boolean;
  /** It is there already, and turns texts into numbers. */
  readonly isNumeric: boolean;
}

export interface ImportPlan {
  readonly table: string;
  /** Makes the table; its columns are those of `columns`. */
  readonly isNew: boolean;
  readonly hasHeader: boolean;
  readonly encoding: Encoding;
  readonly delimiter: string | undefined;
  readonly ragged: Ragged;
  readonly empty: Empty;
  /** How many fields a row of the file has. */
  readonly width: number;
  /** Where what is too much goes, with `keep`. */
  readonly overflow: string;
  readonly columns: readonly PlannedColumn[];
}

/** What an import did that is not what the file says. */
export interface ImportReport {
  rows: number;
  skipped: number;
  /** Missing fields that became NULL, in so many rows. */
  filled: number;
  /** Extra fields that were dropped, or kept in a column of their own. */
  dropped: number;
  kept: number;
  /** By column: values that stayed text in a column of numbers, those whose zeros at the end are gone, those that the table's own type changed. */
  readonly asText: Map<string, number>;
  readonly respelled: Map<string, number>;
  readonly changed: Map<string, number>;
}

export interface ImportOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { rows: number; bytesRead: number }) => void;
  readonly batchRecords?: number;
}

/**
 * Imports `file` as `plan` says, a batch at a time, so that the page stays alive.
 *
 * @throws the signal's reason when it aborts, or an Error that names the line: the table is then as before.
 */
export async function importCsv(
  db: Database,
  file: Blob,
  plan: ImportPlan,
  { signal, onProgress, batchRecords = 250 }: ImportOptions,
): Promise<ImportReport> {
  const { encoding, delimiter, hasHeader } = plan;
  const text = insertText(plan);
  const report: ImportReport = {
    rows: 0,
    skipped: 0,
    filled: 0,
    dropped: 0,
    kept: 0,
    asText: new Map(),
    respelled: new Map(),
    changed: new Map(),
  };
  return db.session(
    async (session) => {
      if (plan.isNew) await session.query(createText(plan));
      let isFirst = hasHeader;
      for await (const { records, bytesRead } of readCsv(file, { encoding, delimiter, batchRecords })) {
        signal.throwIfAborted();
        const wanted = (isFirst ? records.slice(1) : records).filter((record) => admit(record, plan, report));
        isFirst = false;
        await insert(session, text, plan, wanted, report);
        report.rows += wanted.length;
        onProgress({ rows: report.rows, bytesRead });
        await breathe();
      }
      return report;
    },
    { signal, name: "your import" },
  );
}

function admit({ fields, line }: Record, { width, ragged }: ImportPlan, report: ImportReport): boolean {
  if (fields.length === width) return true;
  if (ragged === "refuse") throw new Error(`Line ${line} has ${fields.length} fields, and not ${width}.`);
  if (ragged === "skip") {
    report.skipped++;
    return false;
  }
  if (fields.length < width) report.filled++;
  else report[ragged === "keep" ? "kept" : "dropped"]++;
  return true;
}

async function insert(
  session: Session,
  text: string,
  plan: ImportPlan,
  records: readonly Record[],
  report: ImportReport,
): Promise<void> {
  if (records.length === 0) return;
  try {
    await session.batch(records.map(({ fields }) => ({ text, params: valuesOf(fields, plan, report) })));
  } catch (error) {
    const at = isDbError(error, "QUERY_FAILED") ? error.details.statementIndex : undefined;
    const record = at === undefined ? undefined : records[at];
    if (!record || !isDbError(error)) throw error;
    // Which statement of a batch it was is of no interest to whoever has a file.
    const text = error.message.slice(error.code.length + 2).replace(/^statement \d+ of \d+ in the batch: /, "");
    throw new Error(`Line ${record.line}: ${text}`, { cause: error });
  }
}

function valuesOf(fields: readonly Field[], plan: ImportPlan, report: ImportReport): SqlValue[] {
  const values = plan.columns.map(({ name, type, field, isNumeric }) => {
    const written = fields[field];
    if (written === undefined) return null;
    if (written === null || written === "") return emptyAs(written, plan.empty);
    if (type !== "text" && !fits(written, type)) note(report.asText, name);
    if (isRespelled(written, type)) note(report.respelled, name);
    if (isNumeric && wouldBeRespelled(written)) note(report.changed, name);
    return convert(written, type);
  });
  if (plan.ragged !== "keep") return values;
  const rest = fields.slice(plan.width);
  return [...values, rest.length > 0 ? JSON.stringify(rest) : null];
}

function emptyAs(written: Field, empty: Empty): SqlValue {
  if (empty === "quotes") return written;
  return empty === "null" ? null : "";
}

function note(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function insertText({ table, columns, ragged, overflow }: ImportPlan): string {
  const names = [...columns.map(({ name }) => name), ...(ragged === "keep" ? [overflow] : [])];
  return `insert into ${quoteName(table)} (${names.map(quoteName).join(", ")}) values (${names.map(() => "?").join(", ")})`;
}

function createText({ table, columns, ragged, overflow }: ImportPlan): string {
  // A column without a type keeps what it is given: a text that looks like a number stays one.
  const definitions = columns.map(
    ({ name, type, hasMisfits }) => `  ${quoteName(name)}${hasMisfits ? "" : ` ${type}`}`,
  );
  if (ragged === "keep") definitions.push(`  ${quoteName(overflow)} text`);
  return `create table ${quoteName(table)} (\n${definitions.join(",\n")}\n)`;
}
