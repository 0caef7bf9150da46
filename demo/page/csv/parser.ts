// RFC 4180, a piece of text at a time. Written here, because an empty field in quotes and one without must be told apart: the one is a
// text without letters, the other is nothing. papaparse, d3-dsv and udsv do not. csv-parse does (7.0, `cast` with `quoting`), and is
// 25 kB gzipped for a page where it reads pieces, with the streams and buffers of Node in it: as much as a fifth of the page's entry.

/** `null`: an empty field without quotes. */
export type Field = string | null;

export interface Record {
  readonly fields: readonly Field[];
  /** The line of the file on which it begins, from 1. */
  readonly line: number;
}

const QUOTE = '"';

/** Takes pieces, and gives the records that are complete with each. */
export class CsvParser {
  readonly #delimiter: string;
  #text = "";
  #line = 1;

  constructor(delimiter: string) {
    this.#delimiter = delimiter;
  }

  /** @throws Error when the last record's quote is never closed. */
  take(piece: string, isLast: boolean): Record[] {
    this.#text += piece;
    const records: Record[] = [];
    let at = 0;
    while (at < this.#text.length) {
      const end = this.#record(at, isLast, records);
      if (end < 0) break;
      at = end;
    }
    this.#text = this.#text.slice(at);
    return records;
  }

  /** Reads one record from `at`; -1: it goes on in the next piece. */
  #record(at: number, isLast: boolean, records: Record[]): number {
    const text = this.#text;
    const fields: Field[] = [];
    let place = at;
    for (;;) {
      const [field, after] = text[place] === QUOTE ? this.#quoted(place, at, isLast) : this.#plain(place);
      // What ends with the piece may go on in the next one; so may a line break of two characters.
      if (after < 0 || (!isLast && after >= text.length - 1)) return -1;
      fields.push(field);
      if (text[after] === this.#delimiter) {
        place = after + 1;
        continue;
      }
      const end = after + (text[after] === "\r" && text[after + 1] === "\n" ? 2 : 1);
      if (fields.length > 1 || fields[0] !== null) records.push({ fields, line: this.#line });
      this.#line += lines(text, at, Math.min(end, text.length));
      return Math.min(end, text.length);
    }
  }

  #plain(at: number): [Field, number] {
    const text = this.#text;
    let end = at;
    while (end < text.length && text[end] !== this.#delimiter && text[end] !== "\n" && text[end] !== "\r") end++;
    return [end === at ? null : text.slice(at, end), end];
  }

  /** What stands between the closing quote and the delimiter belongs to the field as it is. */
  #quoted(at: number, start: number, isLast: boolean): [Field, number] {
    const text = this.#text;
    let value = "";
    let from = at + 1;
    for (;;) {
      const close = text.indexOf(QUOTE, from);
      if (close < 0 && isLast)
        throw new Error(
          `This CSV is incomplete: the quote that opens on line ${this.#line + lines(text, start, at)} is never closed.`,
        );
      if (close < 0 || (!isLast && close + 1 >= text.length)) return ["", -1];
      value += text.slice(from, close);
      if (text[close + 1] !== QUOTE) {
        const [rest, end] = this.#plain(close + 1);
        return [value + (rest ?? ""), end];
      }
      value += QUOTE;
      from = close + 2;
    }
  }
}

/** Line breaks of any kind between two places. */
function lines(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at++) {
    const letter = text[at];
    if (letter === "\n" || (letter === "\r" && text[at + 1] !== "\n")) count++;
  }
  return count;
}

const DELIMITERS = [",", ";", "\t", "|"] as const;
const LOOKED_AT = 50;

/** The one by which the first records have the most fields, and alike. */
export function findDelimiter(text: string): string {
  let best: { delimiter: string; score: number } = { delimiter: ",", score: 0 };
  for (const delimiter of DELIMITERS) {
    const widths = widthsOf(text, delimiter);
    const most = Math.max(0, ...widths.keys());
    const common = [...widths].sort((a, b) => b[1] - a[1])[0];
    if (!common || most < 2 || common[0] < 2) continue;
    const total = [...widths.values()].reduce((sum, count) => sum + count, 0);
    const score = (common[1] / total) * Math.min(common[0], 50);
    if (score > best.score) best = { delimiter, score };
  }
  return best.delimiter;
}

/** How many of the first records have how many fields. */
function widthsOf(text: string, delimiter: string): Map<number, number> {
  const widths = new Map<number, number>();
  try {
    for (const { fields } of new CsvParser(delimiter).take(text, false).slice(0, LOOKED_AT))
      widths.set(fields.length, (widths.get(fields.length) ?? 0) + 1);
  } catch {
    // Not by this one.
  }
  return widths;
}
