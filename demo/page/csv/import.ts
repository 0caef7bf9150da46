// A CSV file into a table, in one session: all of it, or nothing.

import type { Database } from "../../../src/index.ts";
import { breathe } from "../element.ts";
import { quoteName } from "../sql/tokens.ts";
import { type ColumnType, convert } from "./columns.ts";
import { readCsv } from "./reader.ts";

export interface ImportPlan {
  readonly table: string;
  /** Makes the table; its columns are those of `columns`. */
  readonly isNew: boolean;
  readonly hasHeader: boolean;
  /** Where each column of the table comes from. */
  readonly columns: readonly { readonly name: string; readonly type: ColumnType; readonly field: number }[];
}

export interface ImportOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { rows: number; bytesRead: number }) => void;
  readonly batchRows?: number;
}

/**
 * Imports `file` as `plan` says, a batch at a time, so that the page stays alive.
 *
 * @returns how many rows were inserted.
 * @throws the signal's reason when it aborts, or the database's error: the table is then as before.
 */
export async function importCsv(db: Database, file: Blob, plan: ImportPlan, options: ImportOptions): Promise<number> {
  const { signal, onProgress, batchRows = 2_000 } = options;
  const names = plan.columns.map(({ name }) => quoteName(name)).join(", ");
  const text = `insert into ${quoteName(plan.table)} (${names}) values (${plan.columns.map(() => "?").join(", ")})`;
  return db.session(
    async (session) => {
      if (plan.isNew) await session.query(createText(plan));
      let imported = 0;
      let isFirst = plan.hasHeader;
      for await (const { rows, bytesRead } of readCsv(file, { batchRows })) {
        const records = isFirst ? rows.slice(1) : rows;
        isFirst = false;
        await session.batch(
          records.map((row) => ({ text, params: plan.columns.map(({ field, type }) => convert(row[field], type)) })),
        );
        imported += records.length;
        onProgress({ rows: imported, bytesRead });
        await breathe();
        signal.throwIfAborted();
      }
      return imported;
    },
    { signal },
  );
}

function createText({ table, columns }: ImportPlan): string {
  const definitions = columns.map(({ name, type }) => `  ${quoteName(name)} ${type}`);
  return `create table ${quoteName(table)} (\n${definitions.join(",\n")}\n)`;
}
