// Source maps, version 3. One segment a word: a place of the result leads to the very word that the author wrote.
// Source: https://tc39.es/ecma426/

import type { Piece } from "./edits.ts";
import { firstIndex } from "./first-index.ts";
import { isWord } from "./word.ts";

/** As bundlers take it. */
export interface SourceMap {
  readonly version: 3;
  readonly sources: string[];
  readonly sourcesContent: string[];
  readonly names: string[];
  readonly mappings: string;
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const [SPACE, NEWLINE] = [32, 10];

export function sourceMap(pieces: readonly Piece[], code: string, source: string): SourceMap {
  const writer = new MappingWriter(code);
  for (const piece of pieces) {
    if (piece.kind === "kept") writer.keep(piece.start, piece.end);
    else writer.insert(piece.text, piece.at);
  }
  return { version: 3, sources: [source], sourcesContent: [code], names: [], mappings: writer.mappings };
}

class MappingWriter {
  mappings = "";
  readonly #code: string;
  readonly #lineStarts: number[] = [0];
  /** Column of the result; of the last segment in this line; and whether the line has none yet. */
  #column = 0;
  #lastColumn = 0;
  #isLineEmpty = true;
  #lastSourceLine = 0;
  #lastSourceColumn = 0;

  constructor(code: string) {
    this.#code = code;
    for (let at = code.indexOf("\n"); at >= 0; at = code.indexOf("\n", at + 1)) this.#lineStarts.push(at + 1);
  }

  keep(start: number, end: number): void {
    let line = this.#lineOf(start);
    let lineStart = this.#lineStarts[line] as number;
    let isInWord = false;
    for (let at = start; at < end; at++) {
      const char = this.#code.charCodeAt(at);
      const isWordChar = isWord(char);
      if (at === start || (isWordChar ? !isInWord : char > SPACE)) this.#segment(line, at - lineStart);
      isInWord = isWordChar;
      if (char === NEWLINE) {
        this.#newLine();
        line++;
        lineStart = at + 1;
      } else this.#column++;
    }
  }

  insert(text: string, at: number | undefined): void {
    if (at !== undefined) {
      const line = this.#lineOf(at);
      this.#segment(line, at - (this.#lineStarts[line] as number));
    }
    // What is put in has no line break of its own: lines stay where they were.
    this.#column += text.length;
  }

  #segment(line: number, column: number): void {
    this.mappings += `${this.#isLineEmpty ? "" : ","}${vlq(this.#column - this.#lastColumn)}A${vlq(
      line - this.#lastSourceLine,
    )}${vlq(column - this.#lastSourceColumn)}`;
    this.#isLineEmpty = false;
    this.#lastColumn = this.#column;
    this.#lastSourceLine = line;
    this.#lastSourceColumn = column;
  }

  #newLine(): void {
    this.mappings += ";";
    this.#column = 0;
    this.#lastColumn = 0;
    this.#isLineEmpty = true;
  }

  /** The last line that starts at `at` or before. */
  #lineOf(at: number): number {
    const starts = this.#lineStarts;
    return firstIndex(starts.length, (i) => (starts[i] as number) > at) - 1;
  }
}

/** Most numbers of a map are small: from -15 to 15. */
const SMALL = Array.from({ length: 31 }, (_, i) => DIGITS[i < 15 ? ((15 - i) << 1) | 1 : (i - 15) << 1] as string);

function vlq(value: number): string {
  return value >= -15 && value <= 15 ? (SMALL[value + 15] as string) : longVlq(value);
}

function longVlq(value: number): string {
  let rest = value < 0 ? (-value << 1) | 1 : value << 1;
  let text = "";
  do {
    const digit = rest & 31;
    rest >>>= 5;
    text += DIGITS[rest > 0 ? digit | 32 : digit];
  } while (rest > 0);
  return text;
}
