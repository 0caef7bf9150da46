// What a person chooses of an import, before it begins.

import type { ColumnInfo, TableInfo } from "../catalog.ts";
import { count, plural } from "../format.ts";
import { type ColumnType, isNumericAffinity } from "./columns.ts";
import type { Encoding } from "./encoding.ts";
import type { Empty, ImportPlan, Ragged } from "./import.ts";
import type { Survey, SurveyedColumn } from "./survey.ts";

export interface Choice {
  readonly name: string;
  readonly type: ColumnType;
  /** Column of an existing table; `""`: left out. */
  readonly target: string;
}

export class CsvPlan {
  name: string;
  encoding: Encoding;
  delimiter: string | undefined;
  hasHeader: boolean | undefined;
  empty: Empty = "quotes";
  ragged: Ragged = "keep";
  /** `""`: a new table. */
  target = "";
  choices: readonly Choice[] = [];
  /** Columns of the table that is there. */
  known: readonly ColumnInfo[] = [];

  constructor(name = "", encoding: Encoding = "utf-8") {
    this.name = name;
    this.encoding = encoding;
  }

  get table(): string {
    return this.target || this.name.trim();
  }

  retarget(table: string): void {
    this.target = table;
    // A table that is there has no column for what is too much: nothing of it is dropped unasked.
    this.ragged = table === "" ? "keep" : "refuse";
  }

  guess(found: Survey, known: readonly ColumnInfo[]): void {
    this.known = known.filter(({ isGenerated }) => !isGenerated);
    this.choices = found.columns.map(({ name, type }, at) => {
      const same = this.known.find((column) => column.name.toLowerCase() === name.toLowerCase());
      return { name, type, target: same?.name ?? (found.hasHeader ? "" : (this.known[at]?.name ?? "")) };
    });
  }

  map(at: number, change: Partial<Choice>): void {
    this.choices = this.choices.map((choice, index) => (index === at ? { ...choice, ...change } : choice));
  }

  toImport({ columns, hasHeader, short, long }: Survey): ImportPlan {
    const isNew = this.target === "";
    const planned = this.choices.map(({ name, target, type }, field) => {
      const column = columns[field] as SurveyedColumn;
      return {
        name: isNew ? name : target,
        type: isNew ? type : column.type,
        field,
        hasMisfits: type !== "text" && column.misfits[type] > 0,
        isNumeric: !isNew && isNumericAffinity(this.#typeOf(target)),
      };
    });
    const names = new Set(planned.map(({ name }) => name.toLowerCase()));
    let overflow = "more_fields";
    while (names.has(overflow)) overflow += "_";
    return {
      table: this.table,
      isNew,
      hasHeader,
      encoding: this.encoding,
      delimiter: this.delimiter,
      ragged: this.ragged === "keep" && long === 0 ? "cut" : short + long === 0 ? "refuse" : this.ragged,
      empty: this.empty,
      width: columns.length,
      overflow,
      columns: planned.filter(({ name }) => name !== ""),
    };
  }

  /** Why it cannot begin; `""`: it can. */
  refusal({ table, isNew, columns }: ImportPlan, tables: readonly TableInfo[]): string {
    if (columns.length === 0) return "Choose at least one column to import.";
    const names = columns.map(({ name }) => name.toLowerCase());
    const twin = names.find((name, at) => names.indexOf(name) !== at);
    if (twin !== undefined) return `Two columns of the file go into “${twin}”: leave one out.`;
    const isTaken = isNew && tables.some(({ name }) => name.toLowerCase() === table.toLowerCase());
    return isTaken ? `There is already a table “${table}”: choose it above, or use another name.` : "";
  }

  /** What would not be stored as it is written, and what is odd about the file. */
  warnings({ columns, short, long, firstRagged }: Survey): string[] {
    const told: string[] = [];
    if (short + long > 0)
      told.push(
        `${plural(short, "row")} with fewer fields than ${columns.length}, ${count(long)} with more; the first on line ${firstRagged?.line}, with ${firstRagged?.fields}.`,
      );
    for (const [at, { name, target, type }] of this.choices.entries()) {
      const column = columns[at];
      if (!column) continue;
      const isMisfit = this.target === "" && type !== "text" && column.misfits[type] > 0;
      if (isMisfit) told.push(`${name}: ${misfits(column, type)}. Kept as text, in a column without a type.`);
      const isChanged = target !== "" && isNumericAffinity(this.#typeOf(target)) && column.misfits.respelled > 0;
      if (this.target !== "" && isChanged)
        told.push(
          `${name}: “${target}” is a column of numbers, and ${misfits(column, "respelled")} would lose digits or zeros.`,
        );
    }
    return told;
  }

  #typeOf(column: string): string {
    return this.known.find(({ name }) => name === column)?.type ?? "";
  }
}

function misfits({ misfits: counts, first }: SurveyedColumn, kind: "integer" | "real" | "respelled"): string {
  const example = first[kind];
  const what = kind === "respelled" ? "" : ` no ${kind}`;
  return `${plural(counts[kind], "value")}${what && (counts[kind] === 1 ? " is" : " are")}${what}${example ? ` (“${example.field}” on line ${example.line})` : ""}`;
}
