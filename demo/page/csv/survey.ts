// A first reading of the whole file: what its columns hold in every row, and which rows are not as wide as the others.

import { breathe } from "../element.ts";
import { type ColumnType, isInteger, isReal, nameColumns, wouldBeRespelled } from "./columns.ts";
import type { Encoding } from "./encoding.ts";
import type { Record } from "./parser.ts";
import { readCsv } from "./reader.ts";

export interface Misfit {
  readonly line: number;
  readonly field: string;
}

export interface SurveyedColumn {
  readonly name: string;
  /** The narrowest type that keeps every value whole. */
  readonly type: ColumnType;
  /** Values that are no integer, or no real number, without losing something; and the first of them. */
  readonly misfits: { readonly integer: number; readonly real: number; readonly respelled: number };
  readonly first: {
    readonly integer?: Misfit | undefined;
    readonly real?: Misfit | undefined;
    readonly respelled?: Misfit | undefined;
  };
}

export interface Survey {
  readonly hasHeader: boolean;
  /** Without the header. */
  readonly rows: number;
  readonly columns: readonly SurveyedColumn[];
  /** Rows with fewer or more fields than the header, or than most rows; and the first of them. */
  readonly short: number;
  readonly long: number;
  readonly firstRagged: { readonly line: number; readonly fields: number } | undefined;
  readonly emptyQuoted: number;
  readonly emptyPlain: number;
  /** The first rows, to be shown. */
  readonly sample: readonly Record[];
}

export interface SurveyOptions {
  readonly encoding: Encoding;
  readonly delimiter?: string | undefined;
  /** Default: as the first rows tell. */
  readonly hasHeader?: boolean | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (bytesRead: number) => void;
}

const SAMPLE = 50;

class Column {
  filled = 0;
  readonly misfits = { integer: 0, real: 0, respelled: 0 };
  readonly first: { integer?: Misfit; real?: Misfit; respelled?: Misfit } = {};

  look(field: string, line: number): void {
    this.filled++;
    if (!isInteger(field)) this.#note("integer", field, line);
    if (!isReal(field)) this.#note("real", field, line);
    if (wouldBeRespelled(field)) this.#note("respelled", field, line);
  }

  get type(): ColumnType {
    if (this.filled === 0) return "text";
    if (this.misfits.integer === 0) return "integer";
    return this.misfits.real === 0 ? "real" : "text";
  }

  #note(kind: "integer" | "real" | "respelled", field: string, line: number): void {
    this.misfits[kind]++;
    this.first[kind] ??= { line, field: field.slice(0, 60) };
  }
}

/** @throws the signal's reason; Error when the text is no CSV. */
export async function survey(file: Blob, { signal, onProgress, ...options }: SurveyOptions): Promise<Survey> {
  const { encoding, delimiter } = options;
  const sample: Record[] = [];
  const columns: Column[] = [];
  const counts = { rows: 0, short: 0, long: 0, emptyQuoted: 0, emptyPlain: 0 };
  let width: number | undefined;
  let hasHeader = options.hasHeader;
  let firstRagged: Survey["firstRagged"];
  let names: readonly (string | null)[] = [];
  for await (const { records, bytesRead } of readCsv(file, { encoding, delimiter })) {
    signal.throwIfAborted();
    hasHeader ??= looksLikeHeader(records);
    for (const record of records) {
      const { fields, line } = record;
      if (width === undefined) {
        width = hasHeader ? fields.length : commonWidth(records);
        names = hasHeader ? fields : Array.from({ length: width }, () => null);
        if (hasHeader) continue;
      }
      if (sample.length < SAMPLE) sample.push(record);
      counts.rows++;
      if (fields.length !== width) {
        counts[fields.length < width ? "short" : "long"]++;
        firstRagged ??= { line, fields: fields.length };
      }
      for (const [at, field] of fields.slice(0, width).entries()) {
        columns[at] ??= new Column();
        if (field === null) counts.emptyPlain++;
        else if (field === "") counts.emptyQuoted++;
        else columns[at].look(field, line);
      }
    }
    onProgress(bytesRead);
    await breathe();
  }
  const named = nameColumns(names).map((name, at): SurveyedColumn => {
    const { type, misfits, first } = columns[at] ?? new Column();
    return { name, type, misfits, first };
  });
  return { hasHeader: hasHeader ?? true, ...counts, columns: named, firstRagged, sample };
}

const isNumber = (field: string | null | undefined): boolean => Boolean(field) && Number.isFinite(Number(field));

const isYear = (field: string | null | undefined): boolean => /^(1[89]|20|21)\d\d$/.test(field ?? "");

/** Names are words. Years are names too, where the rows below them have other numbers. */
function looksLikeHeader([first, ...others]: readonly Record[]): boolean {
  const fields = first?.fields ?? [];
  const numbers = [...fields.keys()].filter((at) => isNumber(fields[at]));
  if (numbers.length === 0) return true;
  if (others.length === 0 || new Set(fields).size < fields.length) return false;
  const looked = others.slice(0, 100).map((record) => record.fields);
  const isWordOverNumbers = fields.some(
    (field, at) => field && !isNumber(field) && looked.every((row) => !row[at] || isNumber(row[at])),
  );
  const areYearsOverOthers =
    numbers.every((at) => isYear(fields[at])) && !looked.every((row) => numbers.every((at) => isYear(row[at])));
  return isWordOverNumbers || areYearsOverOthers;
}

function commonWidth(records: readonly Record[]): number {
  const widths = new Map<number, number>();
  for (const { fields } of records) widths.set(fields.length, (widths.get(fields.length) ?? 0) + 1);
  return [...widths].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 1;
}
